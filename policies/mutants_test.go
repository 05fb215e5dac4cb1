package policies_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Takes away each condition of each rule, comprehension and every, one at a time: some test must fail. What others need in
// order to compile cannot be taken away.
func TestNoConditionCanBeTakenAway(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Rego tests once for every condition")
	}
	whole := modules(t)
	if killed, compiles := judge(t, copied(whole), "signedimages/policy.rego"); killed || !compiles {
		t.Fatal("a test fails with every condition in place")
	}
	for path := range whole {
		if strings.HasSuffix(path, "_test.rego") {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			takeEachAway(t, whole, path)
		})
	}
}

func takeEachAway(t *testing.T, whole map[string]*ast.Module, path string) {
	t.Helper()
	tried := 0
	for i := range conditions(whole[path]) {
		mutated := copied(whole)
		c := conditions(mutated[path])[i]
		c.takeAway()
		killed, compiles := judge(t, mutated, path)
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

// copied are modules to compile, which changes them.
func copied(whole map[string]*ast.Module) map[string]*ast.Module {
	all := map[string]*ast.Module{}
	for path, module := range whole {
		all[path] = module.Copy()
	}
	return all
}

// condition is one expression of a body.
type condition struct {
	rule  string
	body  ast.Body
	index int
	was   *ast.Expr
}

func (c condition) takeAway() { c.body[c.index] = ast.NewExpr(ast.BooleanTerm(true)) }

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
func judge(t *testing.T, mutated map[string]*ast.Module, path string) (killed, compiles bool) {
	t.Helper()
	near := map[string]*ast.Module{}
	withImports(mutated, path, near)
	withImports(mutated, strings.TrimSuffix(path, ".rego")+"_test.rego", near)
	for _, set := range []map[string]*ast.Module{near, mutated} {
		c := compiler().WithStrict(false)
		if c.Compile(set); c.Failed() {
			return false, false
		}
		if fails(t, c) {
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

// fails tells whether a Rego test is not true. It asks what OPA's tester asks, and leaves out the trace, in which the
// tester spends most of its time.
func fails(t *testing.T, c *ast.Compiler) bool {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(c.Modules)) {
		module := c.Modules[path]
		for _, rule := range module.Rules {
			if !strings.HasPrefix(rule.Head.Name.String(), tester.TestPrefix) {
				continue
			}
			name := module.Package.Path.Extend(rule.Head.Ref()).String()
			results, err := rego.New(rego.Compiler(c), rego.Query(name)).Eval(t.Context())
			if err != nil || len(results) != 1 || results[0].Expressions[0].Value != true {
				return true // the rest has nothing to add
			}
		}
	}
	return false
}
