package bundle

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Bundle is the result of a [Request].
type Bundle struct {
	Folder     string   `json:"folder"`
	Files      []string `json:"files"`
	Statements []string `json:"statements"` // of the policy, in its order; the last one is new
	Scopes     []string `json:"scopes"`     // of the new statement, as are the identities
	Identities []string `json:"identities"`
	PrivateKey bool     `json:"privateKey"`
}

func newBundle(out string, files map[string][]byte, t *Trust) Bundle {
	result := Bundle{Folder: out, Scopes: t.Scopes, Identities: t.Identities, PrivateKey: t.Signer != nil}
	for _, statement := range t.document().TrustPolicies {
		result.Statements = append(result.Statements, statement.Name)
	}
	for name := range files {
		result.Files = append(result.Files, name)
	}
	slices.Sort(result.Files)
	return result
}

// Text is the result for people.
func (b Bundle) Text() string {
	var s strings.Builder
	fmt.Fprintln(&s, b.Folder)
	for _, name := range b.Files {
		fmt.Fprintf(&s, "  %s\n", name)
	}
	if len(b.Statements) > 1 {
		fmt.Fprintf(&s, "statements  %s\n", printable.Text(strings.Join(b.Statements, ", ")))
	}
	for _, scope := range b.Scopes {
		fmt.Fprintf(&s, "covers  %s\n", printable.Text(scope))
	}
	for _, identity := range b.Identities {
		fmt.Fprintf(&s, "trusts  %s\n", printable.Text(identity))
	}
	return s.String()
}
