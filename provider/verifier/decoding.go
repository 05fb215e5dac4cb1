package verifier

import (
	"context"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/result"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// maxDecoding bounds the bytes of all envelopes that are decoded at one time, over all requests. An envelope counts from
// before anything is made of it until the judge is done, or asks about revocation: nobody keeps others from this memory by
// an answer that does not come. What waits is served in its order.
const maxDecoding = 2 << 20

// hold waits for room for an envelope of so many bytes, until the context ends.
func (w *witness) hold(ctx context.Context, bytes int) error {
	w.release()
	weight := min(int64(bytes), maxDecoding)
	if err := w.decoding.Acquire(ctx, weight); err != nil {
		return provider.Undecided(provider.CauseDeadline, err, "too many signatures are looked at; the check goes on, ask again")
	}
	w.held = weight
	return nil
}

// release gives the room back, if there is any.
func (w *witness) release() {
	if w.held > 0 {
		w.decoding.Release(w.held)
		w.held = 0
	}
}

// outside is a validator that gives the room back before it asks anybody. notation calls it in the goroutine of its judge.
type outside struct {
	revocation.Validator
	witness *witness
}

// ValidateContext implements revocation.Validator.
func (o outside) ValidateContext(ctx context.Context, options revocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	o.witness.release()
	return o.Validator.ValidateContext(ctx, options)
}
