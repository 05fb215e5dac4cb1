// Package policies_test holds the Rego to its promises: OPA's own formatter, compiler, tester and coverage run in the
// process, and Gatekeeper's engine loads the templates. No binary is needed.
package policies_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"
)

// A decision is a lot of short-lived memory, and little is held: four times the default spares a third of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

// source is every Rego file below this folder, by its path.
func source(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".rego" {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// modules parses what source read, each time again: compiling changes modules.
func modules(t testing.TB) map[string]*ast.Module {
	t.Helper()
	parsed := map[string]*ast.Module{}
	for path, text := range source(t) {
		module, err := ast.ParseModuleWithOpts(path, text, ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		if err != nil {
			t.Fatal(err)
		}
		parsed[path] = module
	}
	return parsed
}

// compiler knows what Gatekeeper's OPA knows: its own version's functions, and external_data.
func compiler() *ast.Compiler {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = append(capabilities.Builtins, &ast.Builtin{
		Name: "external_data",
		Decl: types.NewFunction(types.Args(types.A), types.A),
	})
	return ast.NewCompiler().WithCapabilities(capabilities).WithStrict(true).WithDefaultRegoVersion(ast.RegoV1)
}

func TestRegoIsFormatted(t *testing.T) {
	for path, text := range source(t) {
		formatted, err := format.SourceWithOpts(path, []byte(text), format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if string(formatted) != text {
			t.Errorf("%s is not formatted; run make generate, or opa fmt -w", path)
		}
	}
}

func TestRegoCompilesStrictly(t *testing.T) {
	c := compiler()
	if c.Compile(modules(t)); c.Failed() {
		t.Error(c.Errors)
	}
}

// A folder is a package, a policy's folder is its kind in lower case, and everything that others may use says what it is.
func TestRegoIsWhereItsPackageSaysAndIsDescribed(t *testing.T) {
	for path, module := range modules(t) {
		want := "data." + strings.ReplaceAll(filepath.Dir(path), "/", ".")
		if strings.HasSuffix(path, "_test.rego") {
			want += "_test"
		}
		if got := module.Package.Path.String(); got != want {
			t.Errorf("%s has package %s; want %s", path, got, want)
		}
		if !strings.HasSuffix(path, "_test.rego") {
			described(t, path, module)
		}
	}
}

func described(t *testing.T, path string, module *ast.Module) {
	t.Helper()
	known := map[string]bool{}
	for _, a := range module.Annotations {
		if a.Description == "" {
			t.Errorf("%s: METADATA without a description", a.Location)
		}
		known[a.GetTargetPath().String()] = true
	}
	if !known[module.Package.Path.String()] {
		t.Errorf("%s: the package has no METADATA", path)
	}
	public := map[string]bool{}
	for _, rule := range module.Rules {
		name := rule.Head.Ref()[0].Value.String()
		name = strings.Trim(name, `"`)
		if strings.HasPrefix(name, "_") {
			continue
		}
		public[name] = true
		if !known[module.Package.Path.Extend(rule.Head.Ref().GroundPrefix()).String()] {
			t.Errorf("%s: %s has no METADATA; what is private starts with _", path, name)
		}
	}
	if filepath.Base(path) == "policy.rego" && (len(public) != 1 || !public["violation"]) {
		t.Errorf("%s: a policy has one public rule, violation; this one has %v", path, public)
	}
}

func TestRegoTestsPassAndCoverEveryLine(t *testing.T) {
	t.Parallel()
	coverage := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(compiler()).
		SetDefaultRegoVersion(ast.RegoV1).
		RaiseBuiltinErrors(false).
		SetCoverageQueryTracer(coverage).
		SetTimeout(time.Minute). // objects with hundreds of images, on a slow machine
		SetModules(modules(t)).
		RunTests(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for result := range results {
		ran++
		if !result.Pass() {
			t.Error(result, result.Error)
		}
	}
	t.Logf("%d tests", ran)
	for path, report := range coverage.Report(modules(t)).Files {
		for _, lines := range report.NotCovered {
			t.Errorf("%s:%d-%d is not covered", path, lines.Start.Row, lines.End.Row)
		}
	}
}
