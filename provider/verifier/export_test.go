package verifier

import "github.com/notaryproject/notation-core-go/revocation"

// Validators are what stands in for the library's revocation checks, and those.
func (v *Verifier) Validators() (ours, library revocation.Validator) {
	return v.revocation.signing(&ledger{}), v.revocation.codeSigning
}
