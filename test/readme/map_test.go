package readme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// provider/doc.go names where the code of each step begins, and each of these is there.
func TestTheLifeOfARequestNamesTheCode(t *testing.T) {
	text, err := os.ReadFile("../../provider/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	have := declared(t)
	names := regexp.MustCompile(`\b\w+\.\w+\b`).FindAllString(strings.Join(regexp.MustCompile(`\(([^)]*)\)`).FindAllString(string(text), -1), " "), -1)
	if len(names) < 10 {
		t.Errorf("doc.go names no more than %q", names)
	}
	for _, name := range names {
		if !have[name] {
			t.Errorf("doc.go names %s, and no package of the server has it", name)
		}
	}
}

// declared are the methods of all packages under provider by "type.method", and their types by "package.type".
func declared(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir("../../provider", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.TypeSpec:
				all[file.Name.Name+"."+node.Name.Name] = true
			case *ast.FuncDecl:
				if node.Recv != nil {
					all[receiver(node.Recv.List[0].Type)+"."+node.Name.Name] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// receiver is the name of a receiver's type, without its pointer and its type parameters.
func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.IndexListExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}

// Each folder of CONTRIBUTING's map, and each file of the table under it, is there. The map fits on a screen.
func TestTheMapNamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn, _, _ := strings.Cut(string(text), "## Rules of the house")
	if lines := strings.Count(drawn, "\n"); lines > 60 {
		t.Errorf("the map has %d lines; want 60 at most", lines)
	}
	for _, match := range regexp.MustCompile("`((?:cmd|provider|policies|charts|test)/[a-z0-9_/.-]*)`").FindAllStringSubmatch(drawn, -1) {
		if _, err := os.Stat("../../" + match[1]); err != nil {
			t.Errorf("the map names %s: %v", match[1], err)
		}
	}
}
