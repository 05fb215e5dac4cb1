package policies_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Gatekeeper's webhook admits, by default, what is not decided within 3 s. So what a decision costs is a question of
// admission, and whoever creates pods must not be able to make it dear.

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

// exceptions are patterns of which a constraint has 200: far from the names above, near to them, and above none of them.
var exceptions = map[string]string{"far": "docker.io/library/image-%d", "near": "h.example/q%d/e", "paths": "h.example/q%d/*"}

func hostileOf(n int, name, answer string) hostile {
	images := many(n, names[name])
	return hostile{images, answers[answer](images)}
}

func (h hostile) input(exceptions string) map[string]any {
	parameters := map[string]any{"provider": "p", "exceptions": exceptionsFor(exceptions)}
	return map[string]any{"review": podOf(h.images), "parameters": parameters, "response": h.response}
}

func exceptionsFor(pattern string) []any {
	var all []any
	for _, image := range many(200, pattern) {
		all = append(all, map[string]any{"image": image, "reason": "SEC-142", "expires": "never"})
	}
	return all
}

func many(n int, image string) []string {
	all := make([]string, 0, n)
	for i := range n {
		all = append(all, fmt.Sprintf(image, i))
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
func violations(t testing.TB) func(input map[string]any, options ...rego.EvalOption) int {
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
	query, err := rego.New(
		rego.Compiler(c), rego.Query("denied := data.signedimages.violation with external_data as data.mock.answer"),
	).PrepareForEval(context.Background())
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

// As many images as the provider takes, and 200 exceptions: at most 240 steps for each image, whatever they are called and
// whatever is said of them.
func TestAHostileObjectIsDecidedInTime(t *testing.T) {
	review := violations(t)
	for name := range names {
		for answer := range answers {
			for near, pattern := range exceptions {
				var few, most steps
				h := hostileOf(60, name, answer)
				review(h.input(pattern), rego.EvalQueryTracer(&few))
				h = hostileOf(240, name, answer)
				denied := review(h.input(pattern), rego.EvalQueryTracer(&most))
				if want := map[bool]int{true: 0, false: 240}[answer == "verified" && name != "malformed"]; denied != want {
					t.Errorf("%s, %s: %d denied; want %d", name, answer, denied, want)
				}
				if most > 60_000 || most > 4*few {
					t.Errorf("%s, %s, exceptions %s: %d steps for 240 images, %d for 60", name, answer, near, most, few)
				}
			}
		}
	}
}

// Steps do not tell what one of them costs, such as a comparison of two large objects: time may not grow faster than
// the object.
func TestTimeGrowsAsTheObjectDoes(t *testing.T) {
	review := violations(t)
	for answer := range answers {
		few, most := hostileOf(60, "deep", answer).input(exceptions["near"]), hostileOf(240, "deep", answer).input(exceptions["near"])
		least := func(input map[string]any) int64 {
			best := int64(1 << 62)
			for range 5 {
				before := cpu(t)
				review(input)
				best = min(best, cpu(t)-before)
			}
			return best
		}
		if a, b := least(few), least(most); b > 8*a {
			t.Errorf("%s: 240 images take %.1f ms, 60 take %.1f", answer, float64(b)/1e6, float64(a)/1e6)
		}
	}
}

// An object with more images than the provider takes in one request is denied once, and nothing is looked at.
func TestAnExcessiveObjectIsDeniedOnce(t *testing.T) {
	review := violations(t)
	keys := config.Default().Limits.Keys
	crowd := func(n int, image string) map[string]any {
		return hostile{many(n, image), silent()}.input(exceptions["near"])
	}
	for what, c := range map[string]struct {
		input  map[string]any
		denied int
	}{
		"as many as the provider takes": {crowd(keys, names["named e"]), keys},
		"one more":                      {crowd(keys+1, names["named e"]), 1},
		"1000":                          {crowd(1000, names["deep"]), 1},
		"1000 malformed":                {crowd(1000, names["malformed"]), 1},
		"30,000 of one":                 {hostile{slices.Repeat([]string{"h.example/e:1"}, 30_000), silent()}.input(exceptions["near"]), 1},
	} {
		var made steps
		if denied := review(c.input, rego.EvalQueryTracer(&made)); denied != c.denied {
			t.Errorf("%s: %d violations; want %d", what, denied, c.denied)
		}
		if made > 60_000 {
			t.Errorf("%s: %d steps", what, made)
		}
	}
}

// cpu is the time that this process has computed, in nanoseconds. Unlike the time on the wall, it tells little of others.
func cpu(tb testing.TB) int64 {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}

// The dearest objects there are: 250 images within the bounds, and what is beyond them.
func BenchmarkAHostileDecision(b *testing.B) {
	review := violations(b)
	for _, n := range []int{250, 1000} {
		for name := range names {
			for answer := range answers {
				for near, pattern := range exceptions {
					input := hostileOf(n, name, answer).input(pattern)
					b.Run(fmt.Sprintf("containers=%d/name=%s/answer=%s/exceptions=%s", n, name, answer, near), func(b *testing.B) {
						for b.Loop() {
							review(input)
						}
					})
				}
			}
		}
	}
}
