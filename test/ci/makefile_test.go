package ci

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// concurrent are the imports of packages that share memory between goroutines.
var concurrent = []string{"sync", "sync/atomic", "golang.org/x/sync/errgroup", "golang.org/x/sync/singleflight", "golang.org/x/sync/semaphore"}

// sharing tells by what a Go file, which is no test, may share memory between goroutines; nil if by nothing.
func sharing(name string, source any) (by []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		return nil, err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.GoStmt:
			by = append(by, "a go statement")
		case *ast.ImportSpec:
			if path, _ := strconv.Unquote(node.Path.Value); slices.Contains(concurrent, path) {
				by = append(by, "the import of "+path)
			}
		}
		return true
	})
	return by, nil
}

// words are those of a variable of the Makefile.
func words(t *testing.T, variable string) []string {
	t.Helper()
	show := exec.CommandContext(t.Context(), "make", "-s", "-C", root, "-f", "-", "show-words")
	show.Stdin = strings.NewReader(read(t, "Makefile") + "\nshow-words: ; @echo $(" + variable + ")\n")
	return strings.Fields(string(expect.Must(show.Output())(t)))
}

// What make test leaves out is there, so that make test-long runs it: each of the tests, in one of the packages.
func TestWhatIsLeftOutIsRunAsLong(t *testing.T) {
	tests := map[string]int{}
	for _, folder := range words(t, "LONG_IN") {
		for _, name := range expect.Must(filepath.Glob(filepath.Join(root, folder, "*_test.go")))(t) {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, declared := range file.Decls {
				if function, ok := declared.(*ast.FuncDecl); ok {
					tests[function.Name.Name]++
				}
			}
		}
	}
	long := words(t, "LONG")
	if len(long) < 2 {
		t.Fatalf("LONG is %q", long)
	}
	for _, name := range long {
		if tests[name] != 1 {
			t.Errorf("%s is in %d of the packages in LONG_IN, want one", name, tests[name])
		}
	}
}

// What make test does not race has nothing to race.
func TestWhatIsNotRacedStartsNoGoroutine(t *testing.T) {
	folders := words(t, "SERIAL")
	if len(folders) < 2 {
		t.Fatalf("SERIAL is %q", folders)
	}
	for _, folder := range folders {
		if strings.HasPrefix(folder, "./provider") {
			t.Errorf("%s belongs to the server: its tests are raced", folder)
		}
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no Go files: %v", folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if by, err := sharing(name, nil); err != nil || by != nil {
				t.Errorf("%s may share memory by %q (%v): take its package out of SERIAL in Makefile", name, by, err)
			}
		}
	}
}

// A go statement is found wherever it is, and so is each import.
func TestWhatSharesMemoryIsFound(t *testing.T) {
	for _, path := range concurrent {
		if by, err := sharing("a.go", "package a; import _ "+strconv.Quote(path)); err != nil || len(by) != 1 {
			t.Errorf("%s: %q, %v", path, by, err)
		}
	}
	if by, err := sharing("a.go", "package a; func f() { if true { func() { go f() }() } }"); err != nil || len(by) != 1 {
		t.Errorf("a go statement: %q, %v", by, err)
	}
	if by, err := sharing("a.go", `package a; import _ "os"; func f() { defer f() }`); err != nil || by != nil {
		t.Errorf("neither: %q, %v", by, err)
	}
}
