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

// serial are the folders of the packages that make test runs without the race detector since they start no goroutine.
func serial(t *testing.T) []string {
	t.Helper()
	show := exec.CommandContext(t.Context(), "make", "-s", "-C", root, "-f", "-", "show-serial")
	show.Stdin = strings.NewReader(read(t, "Makefile") + "\nshow-serial: ; @echo $(SERIAL)\n")
	said, err := show.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(said))
}

// What make test does not race has nothing to race.
func TestWhatIsNotRacedStartsNoGoroutine(t *testing.T) {
	folders := serial(t)
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
