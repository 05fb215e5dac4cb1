package policies_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Gatekeeper's webhook admits, by default, what is not decided within 3 s. So what a decision costs is a question of
// admission, and no author of a pod may be able to make it dear.

// hostile is an object that is made to be dear, and what the provider says of it.
type hostile struct {
	images   []string
	response any
}

// names are kinds of names: near to every exception, deep, as long as a reference may be, and no reference.
var names = map[string]string{
	"named e":   "h.example/p%d/e:1",
	"deep":      "h.example/" + strings.Repeat("a/", 120) + "p%d:1",
	"long":      strings.Repeat("a.", 380) + "example/p%d/" + strings.Repeat("e", 200) + ":1",
	"malformed": strings.Repeat("a-", 480) + "%d/X",
}

// answers are what the provider may say of images.
var answers = map[string]func([]string) any{
	"verified": verifiedAll, "refused": refusedAll, "undecided": undecidedAll, "not asked": refusedWhole,
}

// exceptions are kinds of which a constraint has 200, each a pattern and a last day. They are far from the names above, near
// to them, or above none of them. And there are all with one pattern, above some of them, of which none counts.
var exceptions = map[string][2]string{
	"far": {"docker.io/library/image-%d", "never"}, "near": {"h.example/q%d/e", "never"}, "paths": {"h.example/q%d/*", "never"},
	"ended": {"h.example/*", "2020-01-01"},
}

func hostileOf(n int, name, answer string) hostile {
	images := many(n, names[name])
	return hostile{images, answers[answer](images)}
}

func (h hostile) input(exceptions string) map[string]any {
	parameters := map[string]any{"provider": "p", "exceptions": exceptionsOf(exceptions)}
	return map[string]any{"review": podOf(h.images), "parameters": parameters, "response": h.response}
}

func exceptionsOf(kind string) []any {
	var all []any
	for i, image := range many(200, exceptions[kind][0]) {
		all = append(all, map[string]any{"image": image, "reason": fmt.Sprint("SEC-", i), "expires": exceptions[kind][1]})
	}
	return all
}

func many(n int, image string) []string {
	all := make([]string, 0, n)
	for i := range n {
		all = append(all, strings.ReplaceAll(image, "%d", strconv.Itoa(i)))
	}
	return all
}

func silent() map[string]any {
	return map[string]any{"status_code": 200, "system_error": "", "errors": []any{}, "responses": []any{}}
}

func verifiedAll(images []string) any {
	response, said := silent(), []any{}
	for _, image := range images {
		repository := strings.TrimSuffix(image, ":1")
		said = append(said, []any{image, map[string]any{"verified": true, "image": repository + "@" + sha256, "digest": sha256}})
	}
	response["responses"] = said
	return response
}

func refusedAll(images []string) any {
	response, said := silent(), []any{}
	for _, image := range images {
		said = append(said, []any{image, "unsigned: " + strings.TrimSuffix(image, ":1") + "@" + sha256 + ": no notation signature refers to it"})
	}
	response["errors"] = said
	return response
}

func undecidedAll(images []string) any {
	response, said := silent(), []string{}
	for _, image := range images {
		said = append(said, "undecided: "+image+": registry: it is down")
	}
	response["system_error"] = strings.Join(said, "; ")
	return response
}

func refusedWhole([]string) any {
	response := silent()
	response["status_code"], response["system_error"] = 413, "too many keys"
	return response
}

// steps counts what is evaluated. Unlike time, it is the same on every machine.
type steps int

func (*steps) Enabled() bool               { return true }
func (*steps) Config() topdown.TraceConfig { return topdown.TraceConfig{} }
func (s *steps) TraceEvent(e topdown.Event) {
	if e.Op == topdown.EvalOp {
		*s++
	}
}

// violations prepares the policy, and counts its violations.
func violations(t testing.TB, further ...func(*rego.Rego)) func(input map[string]any, options ...rego.EvalOption) int {
	t.Helper()
	all := modules(t)
	mock, err := ast.ParseModuleWithOpts("mock.rego", "package mock\n\nanswer(_) := input.response", ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	all["mock.rego"] = mock
	c := compiler()
	if c.Compile(all); c.Failed() {
		t.Fatal(c.Errors)
	}
	query, err := rego.New(append(further,
		rego.Compiler(c), rego.Query("denied := data.signedimages.violation with external_data as data.mock.answer"),
	)...).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return func(input map[string]any, options ...rego.EvalOption) int {
		results, err := query.Eval(context.Background(), append(options, rego.EvalInput(input))...)
		if err != nil || len(results) != 1 {
			t.Fatal(results, err)
		}
		return len(results[0].Bindings["denied"].([]any)) //nolint:forcetypeassert // a set
	}
}

// As many images as the provider takes, and 200 exceptions. It takes at most 300 steps for each image and 100
// for each exception, for each kind of them. Steps, unlike time, are the same on every machine.
func TestAHostileObjectIsDecidedInTime(t *testing.T) {
	t.Parallel()
	review := violations(t)
	check := func(t *testing.T, name, answer, near string) {
		t.Helper()
		var few, most steps
		review(hostileOf(60, name, answer).input(near), rego.EvalQueryTracer(&few))
		denied := review(hostileOf(240, name, answer).input(near), rego.EvalQueryTracer(&most))
		if want := map[bool]int{true: 0, false: 240}[answer == "verified" && name != "malformed"]; denied != want {
			t.Errorf("%s, %s, exceptions %s: %d denied; want %d", name, answer, near, denied, want)
		}
		if most > 240*300+200*100 || most > 4*few {
			t.Errorf("%s, %s, exceptions %s: %d steps for 240 images, %d for 60", name, answer, near, most, few)
		}
	}
	for name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for answer := range answers {
				check(t, name, answer, "paths")
			}
			for near := range exceptions {
				if near != "paths" { // had above
					check(t, name, "refused", near)
				}
			}
		})
	}
}

// As many images as the provider takes, and as much as a constraint can ask of their signatures, near to all of them. It
// takes at most 700 steps for each image, and 100 for each pattern.
func TestWhatIsAskedOfSignaturesIsDecidedInTime(t *testing.T) {
	t.Parallel()
	review := violations(t)
	ask := func(key string, wanted any) (all []any) {
		for i := range 20 {
			var images []any
			for _, pattern := range many(20, fmt.Sprintf("h.example/q%d-%%d/*", i)) {
				images = append(images, pattern)
			}
			all = append(all, map[string]any{"images": append(images[1:], "h.example/*"), key: wanted})
		}
		return all
	}
	for name := range names {
		var few, most steps
		for _, tc := range []struct {
			n    int
			made *steps
		}{{60, &few}, {240, &most}} {
			input := hostileOf(tc.n, name, "refused").input("far")
			input["parameters"] = map[string]any{"provider": "p", "requireMetadata": ask("metadata", map[string]any{"vetted": "SEC-*"}), "signers": ask("attributes", map[string]any{"O": "SKAO"})}
			if denied := review(input, rego.EvalQueryTracer(tc.made)); denied != tc.n {
				t.Errorf("%s: %d denied of %d", name, denied, tc.n)
			}
		}
		if most > 240*700+800*100 || most > 4*few {
			t.Errorf("%s: %d steps for 240 images, %d for 60", name, most, few)
		}
	}
}

// An object with more images than the provider takes in one request is denied once, and nothing is looked at.
func TestAnExcessiveObjectIsDeniedOnce(t *testing.T) {
	t.Parallel()
	review := violations(t)
	keys := config.Default().Limits.Keys
	crowd := func(n int, image string) map[string]any {
		return hostile{many(n, image), silent()}.input("near")
	}
	for _, c := range []struct {
		what   string
		input  map[string]any
		denied int
	}{
		{"as many as the provider takes", crowd(keys, names["named e"]), keys},
		{"one more", crowd(keys+1, names["named e"]), 1},
		{"1000", crowd(1000, names["deep"]), 1},
		{"1000 malformed", crowd(1000, names["malformed"]), 1},
		{"30,000 of one", hostile{slices.Repeat([]string{"h.example/e:1"}, 30_000), silent()}.input("near"), 1},
	} {
		var made steps
		if denied := review(c.input, rego.EvalQueryTracer(&made)); denied != c.denied {
			t.Errorf("%s: %d violations; want %d", c.what, denied, c.denied)
		}
		if made > 90_000 {
			t.Errorf("%s: %d steps", c.what, made)
		}
	}
}

// The dearest objects: as many images as the policy judges, and four times as many. Steps do not tell what one of them
// costs, such as a comparison of two large objects: time does.
func BenchmarkAHostileDecision(b *testing.B) {
	review := violations(b)
	decide := func(n int, name, answer, near string) {
		input := hostileOf(n, name, answer).input(near)
		b.Run(fmt.Sprintf("containers=%d/name=%s/answer=%s/exceptions=%s", n, name, answer, near), func(b *testing.B) {
			for b.Loop() {
				review(input)
			}
		})
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		decide(250, name, "undecided", "near")
		decide(1000, name, "undecided", "near")
	}
	for _, answer := range []string{"verified", "refused", "not asked"} {
		decide(250, "deep", answer, "near")
	}
	for _, near := range []string{"far", "paths", "ended"} {
		decide(250, "deep", "undecided", near)
	}
}
