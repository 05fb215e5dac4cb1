// Package regotest evaluates the policies' library in tests, to compare what this program reads with what policies decide.
package regotest

import (
	"context"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"gitlab.com/ska-telescope/notation-provider/policies/lib"
)

// compiled is the library without its tests.
var compiled = sync.OnceValues(func() (*ast.Compiler, error) {
	modules := map[string]string{}
	err := fs.WalkDir(lib.Files, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".rego") || strings.HasSuffix(path, "_test.rego") {
			return err
		}
		text, err := fs.ReadFile(lib.Files, path)
		modules[path] = string(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ast.CompileModulesWithOpt(modules, ast.CompileOpts{ParserOptions: ast.ParserOptions{RegoVersion: ast.RegoV1}})
})

// Inventory is data.inventory in an evaluation, as Gatekeeper keeps objects.
func Inventory(objects map[string]any) func(*rego.Rego) {
	return rego.Store(inmem.NewFromObject(map[string]any{"inventory": objects}))
}

// Eval returns the value of an expression at a time. A set is a list.
func Eval(t testing.TB, expression string, input any, now time.Time, options ...func(*rego.Rego)) any {
	t.Helper()
	compiler, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(append(options, rego.Compiler(compiler), rego.Query(expression), rego.Input(input), rego.Time(now))...).Eval(context.Background())
	if err != nil || len(results) != 1 {
		t.Fatalf("%v, %v", results, err)
	}
	return results[0].Expressions[0].Value
}
