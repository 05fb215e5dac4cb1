package cache_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// What was settled for good before is asked for as a renewal, in time or when it has
// lapsed. What is asked for the first time, or was refused, is none.
func TestARenewalIsMarkedAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		var tags, verdicts []bool
		reason := provider.Verified
		w.resolve = func(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
			tags = append(tags, provider.IsRenewal(ctx))
			return ocispec.Descriptor{Digest: digestOf(image.Tag)}, nil
		}
		w.verify = func(ctx context.Context, _ provider.Image) (provider.Verdict, error) {
			verdicts = append(verdicts, provider.IsRenewal(ctx))
			time.Sleep(time.Millisecond) // so that all who ask join
			return provider.Verdict{Reason: reason}, nil
		}
		ask := func(after time.Duration) {
			time.Sleep(after)
			w.ask(t, "app:1", "p")
			synctest.Wait()
		}
		ask(0)
		ask(tagsFor - time.Second) // in the last quarter
		ask(2 * tagsFor)           // it has lapsed
		if want := []bool{false, true, true}; !slices.Equal(tags, want) {
			t.Errorf("tags: %v, want %v", tags, want)
		}
		reason = provider.Unsigned
		ask(2 * verifiedFor)
		ask(2 * refusedFor)
		if want := []bool{false, true, false}; !slices.Equal(verdicts, want) {
			t.Errorf("verdicts: %v, want %v", verdicts, want)
		}
	})
}
