// Package importrules proves which package may import which, from what the Go
// tool says of each package's imports.
package importrules_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "gitlab.com/ska-telescope/notation-provider"
	rooms  = module + "/provider"
	server = module + "/cmd/notation-provider"
	tests  = module + "/test"

	pki     = module + "/cmd/notation-pki"
	rotator = module + "/cmd/cert-rotator"
)

// rule is something that some packages must not import.
type rule struct {
	name string
	// around tells whether the rule holds for one of our packages.
	around func(path string) bool
	// direct rules are about what a package itself imports, others about
	// everything that is linked with it.
	direct bool
	// never are the packages that must not be imported, with those below each.
	never []string
}

// rules is the list of them. A new command that needs more gets its name here.
func rules() []rule {
	return []rule{
		{"provider imports no room", is(rooms), false, below(rooms,
			"cache", "certfile", "config", "egress", "envelope", "evidence", "gatekeeper", "keysize", "logging", "metrics", "printable", "registry", "regularfile", "reload", "revocation", "server", "tracing", "trust", "verifier")},
		{"gatekeeper and cache know neither notation nor oras", is(rooms+"/gatekeeper", rooms+"/cache"), false, []string{"github.com/notaryproject", "oras.land"}},
		{"notation is known where signatures are", not(in(append(below(rooms, "verifier", "envelope", "revocation", "trust", "registry", "evidence"), pki, tests)...)), true, []string{"github.com/notaryproject"}},
		{"oras is known where registries are", not(in(append(below(rooms, "registry", "evidence"), pki, tests)...)), true, []string{"oras.land"}},
		{"Gatekeeper's code is known to the engine and to tests", not(in(module+"/cmd/policytest", tests)), true, []string{
			"github.com/open-policy-agent/frameworks", "github.com/open-policy-agent/gatekeeper",
		}},
		{"the CA is for its command and for tests", not(in(pki, tests)), true, []string{pki}},
		{"Redis is known where evidence is kept", not(in(rooms+"/evidence/valkey", tests)), true, []string{"github.com/redis/go-redis"}},
		{"no room knows commands or tests", in(rooms), false, []string{module + "/cmd", tests}},
		{"the server links nothing of OPA and Kubernetes, no CA and no registry", is(server), false, []string{
			"github.com/open-policy-agent", "k8s.io", "sigs.k8s.io",
			pki, tests, "github.com/distribution/distribution", "cuelabs.dev", "testing", "google.golang.org/grpc",
		}},
		{"tracing wraps the rooms, which do not know it", not(in(server, rooms+"/tracing")), true, []string{rooms + "/tracing", "go.opentelemetry.io/otel/sdk"}},
		{"Kubernetes is known to the rotator", not(in(rotator, module+"/cmd/policytest", tests)), true, []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"}},
		{"the rotator judges nothing", is(rotator), false, append(below(rooms, "registry", "server", "trust", "verifier"),
			"github.com/open-policy-agent", "github.com/notaryproject", "oras.land", pki, server, tests, "testing")},
		{"what the rotator decides knows no Kubernetes", in(below(rotator+"/internal", "authority", "clientca", "replicas", "serving")...), false, []string{
			"k8s.io", "sigs.k8s.io",
		}},
	}
}

func is(paths ...string) func(string) bool {
	return func(path string) bool { return slices.Contains(paths, path) }
}

func in(folders ...string) func(string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(folders, func(folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") })
	}
}

func not(f func(string) bool) func(string) bool { return func(path string) bool { return !f(path) } }

func below(folder string, names ...string) []string {
	var all []string
	for _, name := range names {
		all = append(all, folder+"/"+name)
	}
	return all
}

// imports are what each package imports, tests left out.
type imports map[string][]string

// breach returns the way from a package to one of them, shortest first; nil if there is none.
func (g imports) breach(from string, r rule) []string {
	came := map[string]string{}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range g[queue[0]] {
			if _, seen := came[next]; seen || next == from {
				continue
			}
			came[next] = queue[0]
			if in(r.never...)(next) {
				return g.way(from, next, came)
			}
			if !r.direct {
				queue = append(queue, next)
			}
		}
		if r.direct {
			break
		}
	}
	return nil
}

func (imports) way(from, to string, came map[string]string) []string {
	way := []string{to}
	for way[0] != from {
		way = slices.Insert(way, 0, came[way[0]])
	}
	return way
}

// within are our packages that a rule is for.
func (g imports) within(r rule) []string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(g)) {
		if in(module)(path) && r.around(path) {
			all = append(all, path)
		}
	}
	return all
}

// list asks the Go tool for all of our packages and all that is linked with them.
func list(t *testing.T) imports {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", module+"/...")
	out, err := command.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	g := imports{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return g
		} else if err != nil {
			t.Fatal(err)
		}
		g[p.ImportPath] = p.Imports
	}
}

func TestImportRules(t *testing.T) {
	g := list(t)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			paths := g.within(r)
			if len(paths) == 0 {
				t.Error("the rule is for no package: was a package renamed?")
			}
			for _, path := range paths {
				if way := g.breach(path, r); way != nil {
					t.Errorf("broken by the import of %s:\n\t%s", way[len(way)-1], strings.Join(way, "\n\t→ "))
				}
			}
		})
	}
}

func TestEachRuleIsSeenToBreak(t *testing.T) {
	g := list(t)
	for _, r := range rules() {
		for _, path := range g.within(r) {
			for _, behind := range r.never {
				// By a package below the folder; and, where that counts, not by itself.
				want := []string{path, behind + "/deep"}
				if !r.direct {
					want = []string{path, "example.org/innocent", behind + "/deep"}
				}
				broken := imports{path: {"fmt", want[1]}, "example.org/innocent": {"fmt", behind + "/deep"}}
				if got := broken.breach(path, r); !slices.Equal(got, want) {
					t.Errorf("%s: %q: got %q, want %q", r.name, behind, got, want)
				}
			}
		}
	}
}

func TestASimilarNameIsAnotherPackage(t *testing.T) {
	r := rule{never: []string{"oras.land"}}
	if way := (imports{"a": {"oras.landing", "b"}, "b": {"a", "example.org/oras.land"}}).breach("a", r); way != nil {
		t.Errorf("got %q", way)
	}
}
