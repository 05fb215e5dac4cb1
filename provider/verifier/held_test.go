package verifier

import (
	"context"
	"testing"

	"github.com/notaryproject/notation-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"
)

// judgeFunc is a judge in the place of notation's.
type judgeFunc func()

// Verify implements notation.Verifier.
func (f judgeFunc) Verify(context.Context, ocispec.Descriptor, []byte, notation.VerifierVerifyOptions) (*notation.VerificationOutcome, error) {
	f()
	return nil, context.Canceled
}

// Room is held while the judge decodes, and not behind it.
func TestRoomIsHeldForTheJudge(t *testing.T) {
	rec := &recorder{decoding: semaphore.NewWeighted(maxDecoding)}
	free := func(bytes int64) bool {
		ok := rec.decoding.TryAcquire(bytes)
		if ok {
			rec.decoding.Release(bytes)
		}
		return ok
	}
	rec.notation = judgeFunc(func() {
		if !free(maxDecoding-100) || free(maxDecoding-99) {
			t.Error("while it judges, not 100 bytes are held")
		}
	})
	for range 2 { // what is held is counted once
		if err := rec.acquire(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = rec.Verify(t.Context(), ocispec.Descriptor{}, nil, notation.VerifierVerifyOptions{})
	if !free(maxDecoding) {
		t.Error("it is held behind the judge")
	}
	if err := rec.acquire(t.Context(), 10*maxDecoding); err != nil || free(1) {
		t.Errorf("one that is larger than all room has all of it: %v", err)
	}
}
