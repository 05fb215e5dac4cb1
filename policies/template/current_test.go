package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

// A template that its policy does not make is out of date, and the error names the command. What was written by hand is not.
func TestCurrent(t *testing.T) {
	const rego = "violation contains {\"msg\": \"no\"}\n"
	for _, tc := range []struct {
		name                   string
		policy, template, want string
	}{
		{name: "as generated"},
		{name: "a changed policy", policy: head + "violation contains {\"msg\": \"yes\"}\n", want: "run policytest generate FOLDER"},
		{name: "a changed template", template: "# Generated from policy.rego, parameters.yaml and ../lib by make generate.\nkind: X\n", want: "run make generate"},
		{name: "a broken policy", policy: head + "violation contains {\n", want: "no template can be made of the policy as it is now: FOLDER/policy.rego:10: rego_parse_error"},
		{name: "written by hand", template: "kind: ConstraintTemplate\n"},
	} {
		folder := filepath.Join(t.TempDir(), "mine")
		write(t, filepath.Join(folder, "policy.rego"), head+rego)
		write(t, filepath.Join(folder, "parameters.yaml"), "type: object\n")
		text, err := template.Generate(folder, library(), "policytest generate")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "template.yaml"), string(text))
		for _, test := range []struct{ file, text string }{{"policy.rego", tc.policy}, {"template.yaml", tc.template}} {
			if test.text != "" {
				write(t, filepath.Join(folder, test.file), test.text)
			}
		}
		err = template.Current(folder, library())
		want := strings.ReplaceAll(tc.want, "FOLDER", folder)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", tc.name, err, want)
		}
	}
}

// Without a policy or a template there is nothing to compare.
func TestCurrentWithoutFiles(t *testing.T) {
	folder := t.TempDir()
	if err := template.Current(folder, library()); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	write(t, filepath.Join(folder, "policy.rego"), head)
	if err := template.Current(folder, library()); err != nil {
		t.Errorf("without a template: %v", err)
	}
	if err := os.Remove(filepath.Join(folder, "policy.rego")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "template.yaml"), "# Generated from policy.rego, parameters.yaml and ../lib by make generate.\n")
	if err := template.Current(folder, library()); err != nil {
		t.Errorf("without a policy: %v", err)
	}
}
