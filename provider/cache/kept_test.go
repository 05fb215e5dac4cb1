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
				verdict, err := w.Judge(t.Context(), image("x@d"), policy{w, "p"})
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
