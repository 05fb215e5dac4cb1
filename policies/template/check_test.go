package template_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/policies/lib"
	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

const head = `# METADATA
# title: Mine
# description: Mine.
# custom:
#   kind: Mine
#   version: 1.0.0
package mine

`

// library is the one beside this folder.
func library() fs.FS { return os.DirFS("../lib") }

// mine generates the template of a policy with this Rego.
func mine(t *testing.T, rego string) error {
	t.Helper()
	const parameters = "type: object\nproperties:\n  provider: {type: string}\n  images: {$ref: images}\n  exceptions: {$ref: exceptions}\n"
	folder := filepath.Join(t.TempDir(), "mine")
	write(t, filepath.Join(folder, "policy.rego"), head+rego)
	write(t, filepath.Join(folder, "parameters.yaml"), parameters)
	_, err := template.Generate(folder, library(), "a test")
	return err
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

const imports = "import data.lib.review\nimport data.lib.verdict\n\n"

// What Gatekeeper takes and defines is generated.
func TestGenerated(t *testing.T) {
	for _, tc := range []struct{ name, rego string }{
		{"imports and short names", imports + `
violation contains {"msg": "no"} if {
	some use in review.judged
	not verdict.verified(_response, use.image)
}

_response := external_data({"provider": input.parameters.provider, "keys": [use.image | some use in review.judged]})
`},
		{"an alias", "import data.lib.review as r\n\nviolation contains {\"msg\": \"no\"} if count(r.judged) > 0\n"},
		{"a rule", "import data.lib.review.judged\n\nviolation contains {\"msg\": \"no\"} if count(judged) > 0\n"},
		{"the cluster's objects", "violation contains {\"msg\": \"no\"} if data.inventory.cluster[\"v1\"].Namespace[input.review.namespace]\n"},
		{"a field of a parameter", "violation contains {\"msg\": input.parameters.exceptions[_].reason}\n"},
		{"a namespace", "violation contains {\"msg\": input.review.namespaceObject.metadata.name}\n"},
		{"a violation made elsewhere", "violation contains _denial\n\n_denial := {\"msg\": \"no\"}\n"},
		{"a name that is a key's name", "violation contains {\"msg\": {\"data\": \"input\"}.data}\n"},
	} {
		if err := mine(t, tc.rego); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// What Gatekeeper takes and leaves undefined is refused. Each of these was taken, and most admitted an unsigned image.
func TestUndefinedIsRefused(t *testing.T) {
	const denied = "violation contains {\"msg\": \"no\"} if "
	for _, c := range []struct{ name, rego, want string }{
		{
			"full paths",
			denied + "{\n\tsome use in data.lib.review.judged\n\tnot data.lib.verdict.verified({}, use.image)\n}\n",
			"policy.rego:10: data.lib.review.judged is undefined where Gatekeeper puts the library: import data.lib.review, and write review.judged",
		},
		{"full paths and imports", imports + denied + "{\n\tsome use in data.lib.review.judged\n\tnot verdict.verified({}, use.image)\n\treview.name\n}\n", "write review.judged"},
		{"a full path of a function", imports + denied + "{\n\tsome use in review.judged\n\tnot data.lib.verdict.verified({}, use.image)\n}\n", "write verdict.verified"},
		{"a full path, negated", denied + "not data.lib.review.excessive\n", "write review.excessive"},
		{"a full path, in a value", "violation contains {\"msg\": data.lib.review.name}\n", "write review.name"},
		{"a full path, in brackets", denied + "data[\"lib\"][\"review\"][\"name\"]\n", "write review.name"},
		{"a full path, in a path", denied + "input.parameters.images[data.lib.review.name]\n", "write review.name"},
		{"a full path, compared", denied + "[x | x := data.lib.review.name] != []\n", "write review.name"},
		{"a full path, in every", denied + "every use in data.lib.review.judged { use.image == \"\" }\n", "write review.judged"},
		{"a full path, in else", "violation contains {\"msg\": _m}\n\n_m := \"a\" if input.review.name == \"\" else := data.lib.review.name\n", "write review.name"},
		{"a full path, with", "import data.lib.review\n\n" + denied + "review.name == \"x\" with data.lib.review.namespace as \"y\"\n", "write review.namespace"},
		{"a package, whole", denied + "data.lib.review\n", "data.lib.review is undefined in a template"},
		{"the library, whole", denied + "data.lib\n", "data.lib is undefined in a template"},
		{"all data", denied + "data\n", "data is undefined in a template"},
		{"all data, under a name", denied + "{\n\td := data\n\td.lib\n}\n", "data is undefined in a template"},
		{"data by a variable", denied + "{\n\tx := \"lib\"\n\tdata[x].review.judged\n}\n", "is undefined in a template"},
		{"other data", denied + "data.constraints\n", "data.constraints is undefined in a template"},
		{"its own package, whole", denied + "data.mine._x\n\n_x := true\n", "data.mine._x is undefined in a template"},
		{"a rule with a typo", "import data.lib.review\n\n" + denied + "{\n\tsome use in review.juged\n\tuse.image\n}\n", "lib.review.juged is undefined: the library has no such rule"},
		{"a rule with a typo, negated", "import data.lib.review\n\n" + denied + "not review.excesive\n", "lib.review.excesive is undefined"},
		{"a function with a typo", "import data.lib.verdict\n\n" + denied + "not verdict.verifed({}, \"x\")\n", "undefined function"},
		{"an imported package, whole", "import data.lib.review\n\n" + denied + "review[\"judged\"][_] == review[input.review.name]\n", "is undefined: the library has no such rule"},
		{"an imported rule with a typo", "import data.lib.review.juged\n\n" + denied + "count(juged) > 0\n", "lib.review.juged is undefined"},
		{"a package with a typo", "import data.lib.reviews\n\n" + denied + "reviews.judged\n", "data.lib.reviews: the library has no such package"},
		{"the library, imported", "import data.lib\n\n" + denied + "lib.review.judged\n", "can import data.lib.PACKAGE, not data.lib"},
		{"all data, imported", "import data as d\n\n" + denied + "d.lib.review.judged\n", "can import data.lib.PACKAGE, not data"},
		{"another package, imported", "import data.signedimages\n\n" + denied + "signedimages.violation\n", "can import data.lib.PACKAGE, not data.signedimages"},
		{"the input, imported", "import input.review as r\n\n" + denied + "r.object\n", "can import data.lib.PACKAGE, not input.review"},
		{"an import for nothing", "import data.lib.review\n\nviolation contains {\"msg\": \"no\"}\n", "unused"},
		{"a parameter with a typo", denied + "input.parameters.provder\n", "input.parameters.provder is undefined: parameters.yaml has no such parameter"},
		{"a parameter, negated", denied + "not input.parameters.unsafe\n", "parameters.yaml has no such parameter"},
		{"a parameter's field", denied + "input.parameters.exceptions[_].until\n", "parameters.yaml has no such parameter"},
		{"a field of a review", denied + "input.review.objekt\n", "input.review.objekt is undefined: a review has uid,"},
		{"an AdmissionReview", denied + "input.request.object\n", "a template is given input.review and input.parameters"},
		{"input by a variable", denied + "{\n\tx := \"review\"\n\tinput[x].object\n}\n", "a template is given input.review and input.parameters"},
		{"a violation without a msg", "violation contains {\"message\": \"no\"}\n", "policy.rego:9: Gatekeeper drops a violation that has no msg"},
		{"a violation that is no set", "violation := {\"msg\": \"no\"}\n", "Gatekeeper reads a set of violations"},
		{"an object of violations", "violation[\"msg\"] := \"no\"\n", "Gatekeeper reads a set of violations"},
		{"no violation", "denial contains {\"msg\": \"no\"}\n", "no violation"},
		{"what Gatekeeper disables", denied + "http.send({\"method\": \"get\", \"url\": \"http://x\"})\n", "undefined function http.send"},
	} {
		if err := mine(t, c.rego); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
}

// A library is held to the same.
func TestLibraryIsChecked(t *testing.T) {
	for _, tc := range []struct {
		change [2]string
		want   string
	}{
		{[2]string{"input.review.namespace", "input.review.namespase"}, "input.review.namespase is undefined"},
		{[2]string{"input.review.namespace", "data.lib.parameters.support"}, "write parameters.support"},
		{[2]string{"namespace := input.review", "namespace := input.reviews"}, "a template is given input.review and input.parameters"},
		{[2]string{"namespace := input.review.", "namespace := input.parameters."}, "parameters.yaml has no such parameter"},
	} {
		lib := t.TempDir()
		if err := os.CopyFS(lib, library()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(lib, "review", "review.rego")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), tc.change[0], tc.change[1], 1)
		if changed == string(text) {
			t.Fatalf("review.rego has no %q", tc.change[0])
		}
		write(t, path, changed)
		if _, err := template.Generate("../signedimages", os.DirFS(lib), "a test"); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "review.rego:") {
			t.Errorf("%s: %v; want %q", tc.change[1], err, tc.want)
		}
	}
}

// A policy's folder that lacks something is told what it lacks, and what to write.
func TestFolderIsChecked(t *testing.T) {
	const rego = "violation contains {\"msg\": \"no\"}\n"
	for _, c := range []struct{ policy, parameters, want string }{
		{"package mine\n\n" + rego, "type: object\n", "the package has no METADATA; write \"# METADATA\" above it, with title"},
		{strings.Replace(head, "Mine\n#   version", "Yours\n#   version", 1) + rego, "type: object\n", "custom.kind is Yours; a policy's folder is its kind in lower case"},
		{head + "violation contains", "type: object\n", "policy.rego:9"},
		{head + rego, "none", "of none, write type: object"},
		{head + rego, "", "parameters.yaml: an OpenAPI schema is wanted"},
		{head + rego, "# nothing\n", "parameters.yaml: an OpenAPI schema is wanted"},
		{head + rego, "- type\n", "parameters.yaml: an OpenAPI schema is wanted"},
		{head + rego, "type\n", "parameters.yaml: an OpenAPI schema is wanted"},
		{head + rego, "properties: {x: {$ref: nothing}}\n", `lib/parameters.yaml has no "nothing"`},
	} {
		folder := filepath.Join(t.TempDir(), "mine")
		write(t, filepath.Join(folder, "policy.rego"), c.policy)
		if c.parameters != "none" {
			write(t, filepath.Join(folder, "parameters.yaml"), c.parameters)
		}
		if _, err := template.Generate(folder, library(), "a test"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %q", c.policy, err, c.want)
		}
	}
}

// A module says in its METADATA which objects it looks for, and the template in its annotation.
func TestSyncDataIsDeclared(t *testing.T) {
	const reads = "violation contains {\"msg\": \"no\"} if data.inventory.cluster[\"v1\"].Namespace.x\n"
	declared := func(custom string) (string, error) {
		folder := filepath.Join(t.TempDir(), "mine")
		write(t, filepath.Join(folder, "policy.rego"), strings.Replace(head, "version: 1.0.0\n", "version: 1.0.0\n"+custom, 1)+reads)
		write(t, filepath.Join(folder, "parameters.yaml"), "type: object\n")
		text, err := template.Generate(folder, library(), "a test")
		return string(text), err
	}
	const annotation = "metadata.gatekeeper.sh/requires-sync-data"
	const want = annotation + `: '"[[{"groups":[""],"kinds":["Namespace"],"versions":["v1"]}]]"'`
	text, err := declared("#   requiresSyncData: [[{groups: [\"\"], versions: [v1], kinds: [Namespace]}]]\n")
	if err != nil || !strings.Contains(text, want) {
		t.Errorf("%v\n%s", err, text)
	}
	if text, err := declared(""); err != nil || strings.Contains(text, annotation) {
		t.Errorf("without any: %v\n%s", err, text)
	}
	if _, err := declared("#   requiresSyncData: Namespace\n"); err == nil || !strings.Contains(err.Error(), "custom.requiresSyncData is no list; write [[{") {
		t.Errorf("a word: %v", err)
	}
}

// The embedded library makes the same template as the one on disk, each time.
func TestTemplateIsReproducible(t *testing.T) {
	first, err := template.Generate("../signedimages", library(), "a test")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := template.Generate("../signedimages", lib.Files, "a test"); err != nil || !bytes.Equal(again, first) {
			t.Fatal("it differs from run to run", err)
		}
	}
}

// A Rego test passes, fails with its place, or is told that it must replace external_data.
func TestRegoTests(t *testing.T) {
	const rego = `
import data.lib.review

violation contains {"msg": response.msg} if {
	some use in review.judged
	response := external_data({"provider": "p", "keys": [use.image]})
}
`
	const tests = `package mine_test

import data.mine

judged := {"review": {"object": {"spec": {"containers": [{"image": "a"}]}}}}

test_right if {
	mine.violation == {{"msg": "no"}} with input as judged with external_data as {"msg": "no"}
}

test_wrong if {
	mine.violation == set() with input as judged with external_data as {"msg": "no"}
}

test_forgetful if mine.violation == set() with input as judged

todo_test_later if false
`
	folder := filepath.Join(t.TempDir(), "mine")
	write(t, filepath.Join(folder, "policy.rego"), head+rego)
	if _, err := template.Test(t.Context(), folder, library()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without tests: %v", err)
	}
	write(t, filepath.Join(folder, "policy_test.rego"), tests)
	results, err := template.Test(t.Context(), folder, library())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"test_right":      "",
		"test_wrong":      "policy_test.rego:11 is not true",
		"test_forgetful":  `add "with external_data as …"`,
		"todo_test_later": "it is a todo_ test",
	}
	for _, r := range results {
		if text := fmt.Sprint(r.Err); r.Err != nil == (want[r.Name] == "") || !strings.Contains(text, want[r.Name]) && r.Err != nil {
			t.Errorf("%s: %v; want %q", r.Name, r.Err, want[r.Name])
		}
		delete(want, r.Name)
	}
	if len(want) > 0 {
		t.Errorf("not run: %v", want)
	}
}
