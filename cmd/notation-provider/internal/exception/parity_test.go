package exception_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/regotest"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

const (
	digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	day    = 24 * time.Hour
)

// today is a leap day, on which months of all lengths and years of both kinds are near.
func today() time.Time { return time.Date(2028, time.February, 29, 13, 0, 0, 0, time.UTC) }

func patterns() []any {
	var all []any
	for _, host := range []string{"", "docker.io/", "Index.docker.io:443/", "harbor.skao.int/", "Harbor.skao.int:443/", "harbor.skao.int:8443/", "localhost/", "grafana/", "[::1]:5000/"} {
		for _, rest := range []string{"", "*", "a", "a:1", "a:latest", "a/b", "a/b/*", "a/*", "a:1/*", "a*", "*/a", "a@" + digest, "a:1@" + digest, "library/a", "A/*", "/*", "**", "a//*"} {
			all = append(all, host+rest)
		}
	}
	return append(all, "*", "**", "localhost", "localhost:5000", "harbor.skao.int", "harbor.skao.int:latest", "x.y@"+digest, nil, 1, []any{"a"}, strings.Repeat("a", 2000))
}

func images() []string {
	return []string{
		"a", "a:1", "a:latest", "docker.io/library/a:1", "docker.io/a/b", "a/b:2", "grafana/a", "harbor.skao.int/a", "harbor.skao.int/a:1", "harbor.skao.int/a/b:1",
		"harbor.skao.int/a/b/c", "harbor.skao.int:8443/a", "harbor.skao.int/ab", "harbor.skao.int/a@" + digest, "harbor.skao.int/a:1@" + digest, "localhost/a:1", "[::1]:5000/a",
	}
}

// A pattern means in a report what it means at admission.
func TestPatternsMeanWhatPoliciesSay(t *testing.T) {
	asked := map[string]any{"patterns": patterns(), "images": images()}
	read := regotest.Eval(t, `{sprintf("%v", [i]): known | some i, written in input.patterns; known := data.lib.pattern.canonical(written)}`, asked, today()).(map[string]any)
	means := regotest.Eval(t, `{sprintf("%v %v", [i, j]) | some i, written in input.patterns; some j, image in input.images; data.lib.pattern.means(written, data.lib.image.parts(image))}`, asked, today()).([]any)
	meant := map[any]bool{}
	for _, pair := range means {
		meant[pair] = true
	}
	for i, written := range patterns() {
		text, _ := written.(string)
		got, ok := exception.Canonical(text)
		want, known := read[fmt.Sprint(i)].(string)
		if got != want && known || ok != known {
			t.Errorf("%v is read as %q, %t; policies read %q, %t", written, got, ok, want, known)
		}
		for j, reference := range images() {
			image, err := provider.ParseImage(reference)
			if err != nil {
				t.Fatal(reference, err)
			}
			if got, want := ok && exception.Means(got, image), meant[fmt.Sprint(i, " ", j)]; got != want {
				t.Errorf("%v means %s: %t; policies say %t", written, reference, got, want)
			}
		}
	}
	if len(means) < 100 {
		t.Errorf("only %d pairs match, which proves little", len(means))
	}
}

// A constraint governs in a report what it governs at admission: a tag's digests and a digest's tags too.
func TestConstraintsGovernWhatPoliciesSay(t *testing.T) {
	all := append(patterns(), "a:1", "harbor.skao.int/a:1", "harbor.skao.int/a:2", "harbor.skao.int/a@"+digest, "harbor.skao.int/a:1@"+strings.ReplaceAll(digest, "0", "1"))
	asked := map[string]any{"patterns": all, "images": images()}
	governs := regotest.Eval(t, `{sprintf("%v %v", [i, j]) | some i, written in input.patterns; some j, image in input.images; data.lib.parameters.governs(data.lib.image.parts(image)) with input.parameters.images as [written]}`, asked, today()).([]any)
	governed := map[any]bool{}
	for _, pair := range governs {
		governed[pair] = true
	}
	for i, written := range all {
		constraint, _ := exception.Read(constraintOf(map[string]any{"provider": "notation-provider", "images": []any{written}}))
		for j, reference := range images() {
			image, _ := provider.ParseImage(reference)
			if got, want := constraint.Governs(image), governed[fmt.Sprint(i, " ", j)]; got != want {
				t.Errorf("%v governs %s: %t; policies say %t", written, reference, got, want)
			}
		}
	}
}

// written are exceptions of all kinds, also those that the API server would refuse.
func written(random *rand.Rand) map[string]any {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	days := []any{"2028-02-28", "2028-02-29", "2028-03-01", "2027-02-29", "2029-02-29", "2028-04-31", "2028-12-31", "2028-2-29", "never", "Never", "", "2999-12-31", "2999-13-01", "2028-02-29T00:00:00Z", nil, 20280301, "0000-02-29", " never"}
	wide := pick(patterns()...)
	if random.IntN(2) == 0 {
		wide = pick("*", "harbor.skao.int/*", "harbor.skao.int/a", "a", "docker.io/*")
	}
	e := map[string]any{"image": wide, "reason": pick("SEC-1", "SEC-1", "SEC-1", "SEC-1", "", " ", "\n", nil, 1), "expires": "never"}
	if random.IntN(2) == 0 {
		e["expires"] = pick(days...)
	}
	if random.IntN(3) == 0 {
		e["namespaces"] = pick([]any{"tango"}, []any{"web", "tango"}, []any{"web"}, []any{}, nil, "tango", []any{1, "tango"}, []any{nil})
	}
	for _, key := range []string{"image", "reason", "expires"} {
		if random.IntN(40) == 0 {
			delete(e, key)
		}
	}
	return e
}

// constraintOf is a constraint with these parameters, as kubectl prints it.
func constraintOf(parameters map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages", "metadata": map[string]any{"name": "all"},
		"spec": map[string]any{"parameters": parameters},
	}
}

// objects adds exceptions that are objects, some of them in another namespace, and returns them as Gatekeeper keeps them.
func objects(t *testing.T, random *rand.Rand, given *exception.Set) map[string]any {
	t.Helper()
	of := map[string]map[string]any{"": {}, "tango": {}, "web": {}}
	for n := range random.IntN(3) {
		for namespace, kept := range of {
			kind, name := "ImageException", fmt.Sprint("e", n)
			if namespace == "" {
				kind = "ClusterImageException"
			}
			made := map[string]any{
				"apiVersion": "notation-provider.internal/v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}, "spec": written(random),
			}
			if random.IntN(10) == 0 {
				delete(made, "spec")
			}
			kept[name] = made
			if !given.Add(made) {
				t.Fatal("it is not read")
			}
		}
	}
	in := func(kind, namespace string) any {
		return map[string]any{"notation-provider.internal/v1": map[string]any{kind: of[namespace]}}
	}
	return map[string]any{"cluster": in("ClusterImageException", ""), "namespace": map[string]any{"tango": in("ImageException", "tango"), "web": in("ImageException", "web")}}
}

// An exception covers in a report what it covers at admission: by pattern, reason, day and namespace.
func TestExceptionsCoverWhatPoliciesSay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	admitted := 0
	const rounds = 150
	for range rounds {
		exceptions := []any{written(random), written(random)}
		parameters := map[string]any{"provider": "notation-provider", "exceptions": exceptions}
		if random.IntN(4) == 0 {
			parameters["images"] = []any{patterns()[random.IntN(len(patterns()))]}
		}
		var given exception.Set
		inventory := objects(t, random, &given)
		if random.IntN(2) == 0 {
			parameters["exceptionsFrom"] = []any{[]any{"ClusterImageException"}, []any{"ImageException"}, []any{"ImageException", "ClusterImageException"}}[random.IntN(3)]
		}
		if !given.Add(constraintOf(parameters)) {
			t.Fatal("it is not read")
		}
		asked := map[string]any{"parameters": parameters, "review": map[string]any{"namespace": "tango"}, "images": images()}
		want := regotest.Eval(t, `{image | some image in input.images; parts := data.lib.image.parts(image); data.lib.parameters.sound; data.lib.parameters.governs(parts); data.lib.exceptions.current(parts)}`, asked, today(), regotest.Inventory(inventory)).([]any)
		excepted := map[any]bool{}
		for _, image := range want {
			excepted[image] = true
		}
		admitted += len(want)
		for _, reference := range images() {
			image, _ := provider.ParseImage(reference)
			demands, found := given.Demands(image, "tango", today())
			got := demands[0].Excepted
			if len(demands) != 1 || got != excepted[reference] || got != (len(found) > 0) {
				t.Errorf("%v for %s: %t; policies say %t; objects %v", parameters, reference, got, excepted[reference], inventory)
			}
		}
	}
	if admitted < rounds {
		t.Errorf("only %d images are excepted, which proves little", admitted)
	}
}
