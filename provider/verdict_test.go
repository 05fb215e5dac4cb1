package provider_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// constants reads the constants of a type out of the package's source: name to
// value, and fails the test where one has no comment of its own that starts with
// its name.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "verdict.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != typeName {
			return true
		}
		name := spec.Names[0].Name
		if len(spec.Names) != 1 || !strings.HasPrefix(spec.Doc.Text(), name+" ") {
			t.Errorf("%s has no line of its own that says what it means", name)
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		values = append(values, value)
		return true
	})
	return values
}

func TestTheClosedListsAreComplete(t *testing.T) {
	var reasons, stages []string
	for _, r := range provider.Reasons() {
		reasons = append(reasons, string(r))
	}
	for _, s := range provider.Causes() {
		stages = append(stages, string(s))
	}
	for _, tc := range []struct {
		name string
		list []string
	}{{"Reason", reasons}, {"Cause", stages}} {
		if want := constants(t, tc.name); len(want) == 0 || !slices.Equal(tc.list, want) {
			t.Errorf("the list of every %s is %q; the source has %q", tc.name, tc.list, want)
		}
		if slices.Sort(tc.list); len(slices.Compact(slices.Clone(tc.list))) != len(tc.list) || tc.list[0] == "" {
			t.Errorf("the list of every %s has a value twice or an empty one: %q", tc.name, tc.list)
		}
	}
}

func TestOnlyVerifiedIsGood(t *testing.T) {
	for _, reason := range append(provider.Reasons(), "", "Verified", "verified ") {
		if good := (provider.Verdict{Reason: reason}).Good(); good != (reason == provider.Verified) {
			t.Errorf("Good of %q = %v", reason, good)
		}
	}
}

func TestAnUndecidedErrorTellsTheLogAllAndTheWireLittle(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1:443: refused")
	err := provider.Undecided(provider.CauseRegistry, cause, "the registry answered %d", 500)
	if got, want := err.Error(), "registry: the registry answered 500: dial tcp 10.0.0.1:443: refused"; got != want {
		t.Errorf("Error = %q; want %q", got, want)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got, want := err.Detail, "the registry answered 500"; got != want {
		t.Errorf("Detail = %q; want %q", got, want)
	}
	if got, want := provider.Undecided(provider.CauseOverload, nil, "too much").Error(), "overload: too much"; got != want {
		t.Errorf("Error = %q; want %q", got, want)
	}
}
