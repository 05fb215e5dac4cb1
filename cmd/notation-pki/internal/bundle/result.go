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
	Scopes     []string `json:"scopes"`
	Identities []string `json:"identities"`
	PrivateKey bool     `json:"privateKey"`
}

func newBundle(out string, files map[string][]byte, t *Trust) Bundle {
	result := Bundle{Folder: out, Scopes: t.Scopes, Identities: t.Identities, PrivateKey: t.Signer != nil}
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
	for _, scope := range b.Scopes {
		fmt.Fprintf(&s, "covers  %s\n", printable.Text(scope))
	}
	for _, identity := range b.Identities {
		fmt.Fprintf(&s, "trusts  %s\n", printable.Text(identity))
	}
	return s.String()
}
