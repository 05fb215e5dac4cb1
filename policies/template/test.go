package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// testTimeout bounds one Rego test. It is generous: a busy machine is not a finding.
const testTimeout = time.Minute

// TestResult is what came of one Rego test.
type TestResult struct {
	Name string
	Took time.Duration
	Err  error // nil if it passed
}

// Test runs the Rego tests beside the policy in a folder, with the library, and with the functions that Gatekeeper's OPA
// has. Tests replace external_data: "with external_data as answer". It fails with [fs.ErrNotExist] where there are none.
func Test(ctx context.Context, folder string, lib fs.FS) ([]TestResult, error) {
	modules, err := testModules(folder, lib)
	if err != nil {
		return nil, err
	}
	found, err := tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)).
		SetDefaultRegoVersion(ast.RegoV1).
		AddCustomBuiltins([]*tester.Builtin{{Decl: externalData, Func: notReplaced}}).
		SetTimeout(testTimeout).
		SetModules(modules).
		RunTests(ctx, nil)
	if err != nil {
		return nil, err
	}
	var results []TestResult
	for r := range found {
		results = append(results, TestResult{r.Name, r.Duration, outcome(r)})
	}
	return results, nil
}

// notReplaced is external_data where a test forgets to replace it.
func notReplaced(r *rego.Rego) {
	decl := &rego.Function{Name: externalData.Name, Decl: externalData.Decl}
	rego.Function1(decl, func(rego.BuiltinContext, *ast.Term) (*ast.Term, error) {
		return nil, rego.NewHaltError(errors.New(`the test must say what the provider answers: add "with external_data as …"`))
	})(r)
}

func outcome(r *tester.Result) error {
	switch {
	case r.Error != nil:
		return r.Error
	case r.Skip:
		return errors.New("it is a todo_ test; write it or remove it")
	case !r.Pass():
		return fmt.Errorf("%s is not true", r.Location)
	}
	return nil
}

// testModules are the policy, its tests, and what of the library both use.
func testModules(folder string, lib fs.FS) (map[string]*ast.Module, error) {
	modules := map[string]*ast.Module{}
	for _, name := range []string{PolicyFile, TestFile} {
		file := filepath.Join(folder, name)
		text, err := regularfile.Read(file, regularfile.MaxText)
		if err != nil {
			return nil, err
		}
		m, err := parse(file, text)
		if err != nil {
			return nil, err
		}
		libs, err := library(lib, m)
		if err != nil {
			return nil, err
		}
		modules[file] = m.parsed
		for _, used := range libs {
			modules[used.parsed.Package.Location.File] = used.parsed
		}
	}
	return modules, nil
}
