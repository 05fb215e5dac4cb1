package verifier

import (
	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"

	checker "gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// Validator is what stands in for the library's check of signing chains.
func (v *Verifier) Validator() revocation.Validator {
	return v.revocation.Validator(purpose.CodeSigning, func(checker.Status) {})
}

// Decoding takes the room of all envelopes that may be decoded at one time, if nobody has any of it; free gives it back.
func (v *Verifier) Decoding() (free func(), ok bool) {
	return func() { v.decoding.Release(maxDecoding) }, v.decoding.TryAcquire(maxDecoding)
}
