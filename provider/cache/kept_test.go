package cache_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// What became of each signature is told to the one who asked first, and is not remembered.
func TestSignaturesAreNotRemembered(t *testing.T) {
	for _, reason := range []provider.Reason{provider.Verified, provider.Untrusted} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
				return provider.Verdict{Reason: reason, Signatures: make([]provider.Signature, 20)}, nil
			}
			for i, want := range []int{20, 0} {
				verdict, err := w.Verify(t.Context(), image("x@d"), policy{w, "p"})
				if err != nil || verdict.Reason != reason || len(verdict.Signatures) != want {
					t.Errorf("%s, request %d: %q with %d signatures, want %d; %v", reason, i+1, verdict.Reason, len(verdict.Signatures), want, err)
				}
			}
		})
	}
}

// Refusals that have lapsed make room for the next at once, and are not kept until the memory is full.
func TestLapsedRefusalsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1000)
		w.verify = takes(0, provider.Untrusted)
		for i := range 100 {
			w.ask(t, fmt.Sprintf("x@%d", i), "p")
		}
		if got := w.Refused(); got != 100 {
			t.Fatalf("%d refusals are kept, want 100", got)
		}
		time.Sleep(refusedFor)
		w.ask(t, "x@last", "p")
		if got := w.Refused(); got != 1 {
			t.Errorf("%d refusals are kept after their time, want the last", got)
		}
	})
}

// A good verdict is encoded once, however it was found, and is sent so to all who ask by the tag or by the digest, until
// the image is verified again. Then it says what is true now.
func TestItemsAreEncodedOnce(t *testing.T) {
	for _, rechecked := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			verify := func() provider.Verdict {
				return provider.Verdict{Reason: provider.Verified, Until: time.Now().Add(time.Hour), Image: image("x@1")}
			}
			w.verify = func(context.Context, provider.Image) (provider.Verdict, error) { return verify(), nil }
			if rechecked {
				w.recheck = func(context.Context, provider.Image) (provider.Verdict, bool) { return verify(), true }
			}
			encoded := 0
			w.encode = func(v *provider.Verdict) string {
				encoded++
				return itemOf(v)
			}
			for round := range 2 {
				for range 3 {
					for _, written := range []string{"x:1", "x@1"} {
						verdict, err := w.Verify(t.Context(), image(written), policy{w, "p"})
						if err != nil || verdict.Item != itemOf(&verdict) {
							t.Errorf("%s: item %q of %q until %s; %v", written, verdict.Item, verdict.Reason, verdict.Until, err)
						}
					}
				}
				if encoded != round+1 {
					t.Errorf("rechecked: %v, round %d: encoded %d times", rechecked, round, encoded)
				}
				time.Sleep(verifiedFor)
			}
		})
	}
}

func itemOf(v *provider.Verdict) string {
	return fmt.Sprintf("%s %s until %s", v.Reason, v.Image, v.Until)
}

// Of what is refused no item is kept, nor the signer's name: attackers choose both. What is undecided has none.
func TestOnlyWhatIsVerifiedIsEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.encode = func(v *provider.Verdict) string {
			t.Errorf("%q was encoded", v.Reason)
			return "item"
		}
		w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
			return provider.Verdict{Reason: provider.Untrusted, Signer: "CN=stranger"}, nil
		}
		for i, want := range []string{"CN=stranger", ""} {
			if verdict, err := w.Verify(t.Context(), image("x@1"), policy{w, "p"}); err != nil || verdict.Item != "" || verdict.Signer != want {
				t.Errorf("request %d: item %q, signer %q; want %q; %v", i+1, verdict.Item, verdict.Signer, want, err)
			}
		}
		w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
			return provider.Verdict{Reason: provider.Verified}, provider.Undecided(provider.CauseRegistry, nil, "down")
		}
		if got := w.ask(t, "x@2", "p"); got != "undecided registry" {
			t.Errorf("got %q", got)
		}
	})
}
