package template_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

// source is the Rego in a template.
type source struct {
	Rego string
	Libs []string
}

func sourceOf(t *testing.T, folder string) source {
	t.Helper()
	text, err := template.Generate(folder, library(), "a test")
	if err != nil {
		t.Fatal(err)
	}
	var generated struct {
		Spec struct {
			Targets []struct{ Code []struct{ Source source } }
		}
	}
	if err := yaml.Unmarshal(text, &generated); err != nil {
		t.Fatal(err)
	}
	return generated.Spec.Targets[0].Code[0].Source
}

func parsed(t *testing.T, text string) *ast.Module {
	t.Helper()
	module, err := ast.ParseModuleWithOpts("", text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// A template has each rule of the policy and of the library that it imports, and no comment.
func TestTemplatesHaveTheRulesAlone(t *testing.T) {
	for _, policy := range []string{"signedimages", "pinnedimages"} {
		folder := filepath.Join("..", policy)
		generated := sourceOf(t, folder)
		for i, text := range append(slices.Clone(generated.Libs), generated.Rego) {
			module := parsed(t, text)
			path := filepath.Join(folder, "policy.rego")
			if i < len(generated.Libs) {
				name := strings.TrimPrefix(module.Package.Path.String(), "data.lib.")
				path = filepath.Join("../lib", name, name+".rego")
			}
			if written := parsed(t, read(t, path)); !module.Equal(written) || len(written.Comments) == 0 {
				t.Errorf("%s: the template of %s has other rules", path, policy)
			}
			if len(module.Comments) > 0 || strings.Contains(text, "\n\n\n") || strings.HasPrefix(text, "\n") {
				t.Errorf("%s: the template of %s has comments, or empty lines in their place:\n%s", path, policy, text)
			}
		}
	}
}

// What looks like a comment in a string stays, and so do empty lines that no comment was beside.
func TestStringsKeepWhatLooksLikeComments(t *testing.T) {
	const before, after = `package mine # é

# above
violation contains {"msg": _text} if { # beside
	# within
	_text != "# no comment" # é # again
}

_text := ` + "`a\n# no comment\n\n\n`" + `
# below
`, `package mine

violation contains {"msg": _text} if {
	_text != "# no comment"
}

_text := ` + "`a\n# no comment\n\n\n`" + `
`
	folder := filepath.Join(t.TempDir(), "mine")
	write(t, filepath.Join(folder, "policy.rego"), strings.TrimSuffix(head, "package mine\n\n")+before)
	write(t, filepath.Join(folder, "parameters.yaml"), "type: object\n")
	if got := sourceOf(t, folder).Rego; got != after {
		t.Errorf("it became\n%s\nand not\n%s", got, after)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
