package exception_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
)

// A report knows the parameters that the template has, and no others.
func TestParametersAreTheTemplates(t *testing.T) {
	schema, err := os.ReadFile("../../../../policies/signedimages/parameters.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^  ([a-zA-Z]+):`).FindAllSubmatch(schema, -1) {
		names = append(names, string(match[1]))
	}
	slices.Sort(names)
	if got := exception.Parameters(); !slices.Equal(got, names) {
		t.Errorf("%q, and the template has %q", got, names)
	}
}

// A misspelt parameter is told apart, since the API server may drop it without a word.
func TestUnknownParametersAreNamed(t *testing.T) {
	c, ok := exception.Read(map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": exception.Kind,
		"spec": map[string]any{"parameters": map[string]any{"provider": "p", "requireMetadat": []any{}, "exeptions": []any{}}},
	})
	if want := []string{"exeptions", "requireMetadat"}; !ok || !slices.Equal(c.Unknown, want) {
		t.Errorf("%t, %q, want %q", ok, c.Unknown, want)
	}
}
