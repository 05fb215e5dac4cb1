package policies_test

import (
	"context"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Takes away each condition of each rule, comprehension and every, one at a time: some test must fail. What others need in
// order to compile cannot be taken away.
func TestNoConditionCanBeTakenAway(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Rego tests once for every condition")
	}
	tried := 0
	for path, module := range modules(t) {
		if strings.HasSuffix(path, "_test.rego") {
			continue
		}
		for i := range conditions(module) {
			mutated := modules(t)
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
	if to[path] != nil {
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

func fails(t *testing.T, c *ast.Compiler) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	results, err := tester.NewRunner().SetCompiler(c).SetDefaultRegoVersion(ast.RegoV1).SetParallel(1).RunTests(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	failed := false
	for result := range results {
		failed = failed || !result.Pass()
		if failed {
			cancel() // the rest has nothing to add
		}
	}
	return failed
}
