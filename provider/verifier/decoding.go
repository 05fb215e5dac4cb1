package verifier

import (
	"context"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// maxDecoding bounds the bytes of all envelopes that are decoded at one time, over all requests. An envelope counts from
// before it is decoded until notation is done, or asks about revocation: an answer that does not come must not keep this
// memory from others. Envelopes that wait get room in their order.
const maxDecoding = 2 << 20

// acquire waits for room for an envelope of so many bytes, until the context ends.
func (rec *recorder) acquire(ctx context.Context, bytes int) error {
	rec.release()
	weight := min(int64(bytes), maxDecoding)
	if err := rec.decoding.Acquire(ctx, weight); err != nil {
		return provider.Undecided(provider.CauseDeadline, err, "too many signatures are looked at, and the check goes on")
	}
	rec.held = weight
	return nil
}

// release gives the room back, if some is held.
func (rec *recorder) release() {
	if rec.held > 0 {
		rec.decoding.Release(rec.held)
		rec.held = 0
	}
}
