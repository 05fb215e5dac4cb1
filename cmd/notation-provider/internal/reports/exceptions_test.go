package reports_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
)

// An exception admits an image only if it counts wherever the image is used, for each constraint that denies there.
func TestExceptionsAdmitWhereTheyAllCount(t *testing.T) {
	const image = "docker.io/library/postgres:16"
	inTango, inWeb, everywhere := []any{"tango"}, []any{"w*"}, []any{}
	for _, c := range []struct {
		name        string
		constraints []object
		want        bool
	}{
		{"none", nil, false},
		{"everywhere", []object{constraint("a", "deny", everywhere, exceptionFor("postgres", "never"))}, true},
		{"until today", []object{constraint("a", "", everywhere, exceptionFor("postgres", "2027-03-01"))}, true},
		{"until yesterday", []object{constraint("a", "", everywhere, exceptionFor("postgres", "2027-02-28"))}, false},
		{"in one namespace", []object{constraint("a", "deny", everywhere, exceptionFor("postgres", "never", "tango"))}, false},
		{"in each by its own", []object{constraint("a", "deny", everywhere, exceptionFor("postgres", "never", "tango"), exceptionFor("postgres", "never", "web"))}, true},
		{"of another image", []object{constraint("a", "deny", everywhere, exceptionFor("redis", "never"))}, false},
		{"of one constraint of two", []object{constraint("a", "deny", everywhere, exceptionFor("*", "never")), constraint("b", "deny", everywhere)}, false},
		{"the other only warns", []object{constraint("a", "deny", everywhere, exceptionFor("*", "never")), constraint("b", "warn", everywhere)}, true},
		{"the other scopes its action", []object{constraint("a", "deny", everywhere, exceptionFor("*", "never")), constraint("b", "scoped", everywhere)}, false},
		{"a constraint a namespace", []object{constraint("a", "deny", inTango, exceptionFor("*", "never")), constraint("b", "deny", inWeb, exceptionFor("*", "never"))}, true},
		{"one namespace is not excepted", []object{constraint("a", "deny", inTango, exceptionFor("*", "never")), constraint("b", "deny", inWeb)}, false},
		{"of a namespace elsewhere", []object{constraint("a", "deny", []any{"other"}, exceptionFor("*", "never"))}, false},
	} {
		r := collect(t, append(c.constraints, pod("tango", "a", image, ""), pod("web", "b", image, ""))...).Build(map[string]reports.Verdict{image: refused()}, now(), day)
		if got := r.Images[0].Excepted; got != c.want || (r.Worst(0, 4, 3) == 0) != c.want || r.Images[0].Blocked() == c.want {
			t.Errorf("%s: excepted %t", c.name, got)
		}
	}
}

// Each finding about an exception is made where it holds, and nowhere else.
func TestFindingsAboutExceptions(t *testing.T) {
	for _, c := range []struct {
		name      string
		exception any
		findings  string
		enough    string
	}{
		{"fits", exceptionFor("docker.io/library/postgres", "2028-01-01", "tango", "web"), "", ""},
		{"everywhere, and it runs there", exceptionFor("docker.io/library/postgres", "never"), "", ""},
		{"a digest", exceptionFor("docker.io/library/postgres:16", "never"), "", ""},
		{"ends in 30 days", exceptionFor("docker.io/library/postgres", "2027-03-30"), "soon", ""},
		{"ends in 31 days", exceptionFor("docker.io/library/postgres", "2027-03-31"), "", ""},
		{"ended", exceptionFor("docker.io/library/postgres", "2027-02-28"), "ended", ""},
		{"unused", exceptionFor("quay.io/*", "never"), "unused", ""},
		{"unused here", exceptionFor("docker.io/library/postgres", "never", "other"), "unused", ""},
		{"ended and unused", exceptionFor("quay.io/*", "2020-01-01"), "ended unused", ""},
		{"a path", exceptionFor("docker.io/*", "never"), "broader", "docker.io/library/postgres in "},
		{"everything", exceptionFor("*", "never"), "broader", "docker.io/library/postgres,skao.int/a in "},
		{"one namespace too many", exceptionFor("docker.io/library/postgres", "never", "tango", "web", "old"), "broader", "docker.io/library/postgres in tango,web"},
		{"all namespaces for one", exceptionFor("skao.int/a", "never"), "broader", "skao.int/a in tango"},
		{"no reason", object{"image": "postgres", "expires": "never"}, "broken", ""},
		{"no end", exceptionFor("postgres", "soon"), "broken", ""},
		{"no pattern", exceptionFor("docker.io", "never"), "broken unused", ""},
		{"no namespace", object{"image": "postgres", "reason": "x", "expires": "never", "namespaces": []any{}}, "broken unused", ""},
	} {
		r := collect(t, constraint("a", "deny", nil, c.exception), pod("tango", "a", "postgres:16", ""), pod("web", "b", "postgres:16", ""), pod("tango", "c", "skao.int/a:1", "")).BuildExceptions(now(), 30*day)
		e := r.Exceptions[0]
		var enough string
		if e.Enough != nil {
			enough = strings.Join(e.Enough.Patterns, ",") + " in " + strings.Join(e.Enough.Namespaces, ",")
		}
		if got := strings.Trim(fmt.Sprint(e.Findings), "[]"); got != c.findings || enough != c.enough || (e.Problem != "") != strings.Contains(got, "broken") {
			t.Errorf("%s: %q, enough %q; %s", c.name, got, enough, e.Problem)
		}
		if got, want := r.EndsSoon(), strings.Contains(c.findings, "ended") || strings.Contains(c.findings, "soon"); got != want {
			t.Errorf("%s: ends soon: %t", c.name, got)
		}
	}
	unsound := constraint("a", "deny", nil, exceptionFor("postgres", "never"))
	delete(unsound["spec"].(object)["parameters"].(object), "provider")
	if e := collect(t, unsound, pod("tango", "a", "postgres:16", "")).BuildExceptions(now(), day).Exceptions[0]; !slices.Equal(e.Findings, []reports.Finding{reports.Broken}) {
		t.Errorf("without a provider: %+v", e)
	}
}

// anObject is an exception of its own, of the cluster if it has no namespace.
func anObject(namespace, name, image string) object {
	kind := "ImageException"
	if namespace == "" {
		kind = "ClusterImageException"
	}
	return object{
		"apiVersion": "notation-provider.internal/v1", "kind": kind, "metadata": object{"namespace": namespace, "name": name},
		"spec": object{"image": image, "reason": "SEC-2", "expires": "never"},
	}
}

// reading is a constraint that denies, and reads exceptions of these kinds.
func reading(kinds ...any) object {
	c := constraint("a", "deny", nil)
	c["spec"].(object)["parameters"].(object)["exceptionsFrom"] = kinds
	return c
}

// An exception that is an object counts where a constraint reads it, one of a namespace there alone.
func TestExceptionsThatAreObjects(t *testing.T) {
	const image = "docker.io/library/postgres:16"
	for _, c := range []struct {
		name     string
		objects  []object
		excepted bool
		findings string
	}{
		{"of the cluster", []object{anObject("", "e", "postgres"), reading("ClusterImageException")}, true, "[]"},
		{"that nothing reads", []object{anObject("", "e", "postgres"), reading("ImageException")}, false, "[broken unused]"},
		{"without a constraint", []object{anObject("", "e", "postgres")}, false, "[broken unused]"},
		{"of one namespace of two", []object{anObject("tango", "e", "postgres"), reading("ImageException")}, false, "[]"},
		{"of a namespace without", []object{anObject("other", "e", "postgres"), reading("ImageException")}, false, "[unused]"},
		{"too wide", []object{anObject("tango", "e", "*"), reading("ImageException")}, false, "[broader]"},
		{"of each namespace", []object{anObject("tango", "e", "postgres"), anObject("web", "e", "postgres"), reading("ImageException")}, true, "[]"},
	} {
		r := collect(t, append(c.objects, pod("tango", "a", image, ""), pod("web", "b", image, ""))...).Build(map[string]reports.Verdict{image: refused()}, now(), day)
		if i, e := r.Images[0], r.Exceptions[0]; i.Excepted != c.excepted || fmt.Sprint(e.Findings) != c.findings || (e.Problem != "") != strings.Contains(c.findings, "broken") {
			t.Errorf("%s: excepted %t, %s %v %q", c.name, i.Excepted, e.From, e.Findings, e.Problem)
		}
	}
	many := []object{reading("ImageException"), pod("tango", "a", image, "")}
	for n := range 501 {
		many = append(many, anObject("tango", fmt.Sprint("e", n), "postgres"))
	}
	for _, tc := range []struct {
		n    int
		want bool
	}{{len(many) - 1, true}, {len(many), false}} {
		if i := collect(t, many[:tc.n]...).Build(map[string]reports.Verdict{image: refused()}, now(), day).Images[0]; i.Excepted != tc.want {
			t.Errorf("with %d objects it is excepted: %t", tc.n-2, i.Excepted)
		}
	}
}
