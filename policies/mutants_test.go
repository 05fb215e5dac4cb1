package policies_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Takes away each condition of each rule, comprehension and every, one at a time: some test must fail. What others need in
// order to compile cannot be taken away.
func TestNoConditionCanBeTakenAway(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Rego tests once for every condition")
	}
	whole := modules(t)
	failing := whatFails(t, whole)
	for path := range whole {
		if strings.HasSuffix(path, "_test.rego") {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			takeEachAway(t, whole, path, failing)
		})
	}
}

// whatFails has, by place, the tests in which an expression there fails: one that is taken away fails no more, so these are
// tried first. With every condition in place each test is true.
func whatFails(t *testing.T, whole map[string]*ast.Module) map[place]map[string]bool {
	t.Helper()
	c := compiler().WithStrict(false)
	if c.Compile(whole); c.Failed() {
		t.Fatal(c.Errors)
	}
	at := map[place]map[string]bool{}
	for _, name := range testsOf(c) {
		seen := tracer{found: map[place]bool{}, op: func(*ast.Expr) topdown.Op { return topdown.FailOp }}
		if !isTrue(t, c, name, rego.EvalQueryTracer(seen)) {
			t.Fatalf("%s fails with every condition in place", name)
		}
		for place := range seen.found {
			if at[place] == nil {
				at[place] = map[string]bool{}
			}
			at[place][name] = true
		}
	}
	return at
}

func takeEachAway(t *testing.T, whole map[string]*ast.Module, path string, failing map[place]map[string]bool) {
	t.Helper()
	mutated := maps.Clone(whole) // compiling copies modules
	mutated[path] = whole[path].Copy()
	tried := 0
	for _, c := range conditions(mutated[path]) {
		c.body[c.index] = ast.NewExpr(ast.BooleanTerm(true))
		killed, compiles := judge(t, mutated, path, failing[placeOf(c.was)])
		c.body[c.index] = c.was
		if !compiles {
			continue
		}
		tried++
		if !killed {
			t.Errorf("%s:%d: %s can be taken away, and no test fails", path, c.was.Location.Row, c.was.Location.Text)
		}
	}
	t.Logf("%d conditions", tried)
}

// condition is one expression of a body.
type condition struct {
	rule  string
	body  ast.Body
	index int
	was   *ast.Expr
}

// conditions are all there are in a module, always in the same order.
func conditions(module *ast.Module) []condition {
	var found []condition
	for _, rule := range module.Rules {
		ast.WalkBodies(rule, func(body ast.Body) bool {
			for i, expression := range body {
				if expression.String() != "true" {
					found = append(found, condition{rule.Head.Name.String(), body, i, expression})
				}
			}
			return false
		})
	}
	return found
}

// judge tells whether a test fails. The tests of the package itself are tried first: they are few and near.
func judge(t *testing.T, mutated map[string]*ast.Module, path string, likely map[string]bool) (killed, compiles bool) {
	t.Helper()
	near := map[string]*ast.Module{}
	withImports(mutated, path, near)
	withImports(mutated, strings.TrimSuffix(path, ".rego")+"_test.rego", near)
	for _, set := range []map[string]*ast.Module{near, mutated} {
		c := compiler().WithStrict(false)
		if c.Compile(set); c.Failed() {
			return false, false
		}
		if fails(t, c, likely) {
			return true, true
		}
	}
	return false, true
}

// withImports adds a module and all that it uses.
func withImports(all map[string]*ast.Module, path string, to map[string]*ast.Module) {
	if to[path] != nil || all[path] == nil { // a policy may have no test yet
		return
	}
	to[path] = all[path]
	for _, i := range all[path].Imports {
		name, isLib := strings.CutPrefix(i.Path.String(), "data.lib.")
		if isLib {
			withImports(all, "lib/"+name+"/"+name+".rego", to)
		}
	}
}

// fails tells whether a Rego test is not true. Those that are likely to fail are asked first; one that fails is enough.
func fails(t *testing.T, c *ast.Compiler, likely map[string]bool) bool {
	t.Helper()
	for _, first := range []bool{true, false} {
		for _, name := range testsOf(c) {
			if likely[name] == first && !isTrue(t, c, name) {
				return true
			}
		}
	}
	return false
}

// isTrue asks what OPA's tester asks, and leaves out the trace, in which the tester spends most of its time.
func isTrue(t *testing.T, c *ast.Compiler, name string, options ...rego.EvalOption) bool {
	t.Helper()
	query, err := rego.New(rego.Compiler(c), rego.Query(name)).PrepareForEval(t.Context())
	if err != nil {
		return false
	}
	results, err := query.Eval(t.Context(), options...)
	return err == nil && len(results) == 1 && results[0].Expressions[0].Value == true
}

// testsOf are the Rego tests, always in the same order.
func testsOf(c *ast.Compiler) (names []string) {
	for _, path := range slices.Sorted(maps.Keys(c.Modules)) {
		module := c.Modules[path]
		for _, rule := range module.Rules {
			if strings.HasPrefix(rule.Head.Name.String(), tester.TestPrefix) {
				names = append(names, module.Package.Path.Extend(rule.Head.Ref()).String())
			}
		}
	}
	return names
}
