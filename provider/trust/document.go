package trust

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
)

// parseDocument reads trustpolicy.json. Unlike notation it refuses anything behind the document,
// and members that it does not know. What could be read comes beside the problems.
func parseDocument(text []byte) (doc trustpolicy.Document, problems []error) {
	text = certfile.WithoutBOM(text)
	if err := json.Unmarshal(text, &doc); err != nil {
		return trustpolicy.Document{}, []error{fmt.Errorf("not a trust policy in JSON: %w", err)}
	}
	problems = typos(text)
	if doc.Version != "1.0" {
		problems = append(problems, fmt.Errorf("version %q is not supported; it must be \"1.0\"", doc.Version))
	}
	if len(doc.TrustPolicies) == 0 {
		problems = append(problems, errors.New("no trustPolicies: nothing would be in scope"))
	}
	return doc, problems
}
