package verifier

import (
	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// Files are those of the trust in force.
func (v *Verifier) Files() *trust.Files { return v.options.Trust }

// Validator is what stands in for the library's check of signing chains.
func (v *Verifier) Validator() revocation.Validator {
	return validator{v.revocation, purpose.CodeSigning, &recorder{}, &revocationStatus{}}
}

// Decoding takes the room of all envelopes that may be decoded at one time, if none of it is in use; free gives it back.
func (v *Verifier) Decoding() (free func(), ok bool) {
	return func() { v.decoding.Release(maxDecoding) }, v.decoding.TryAcquire(maxDecoding)
}

// Earlier is earlier.
var Earlier = earlier
