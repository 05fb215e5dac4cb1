package cache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// asked is what a request is told, and how long it took.
type asked struct {
	said string
	took time.Duration
}

func (w *world) timed(t *testing.T, written, policyName string) asked {
	t.Helper()
	began := time.Now()
	said := w.ask(t, written, policyName)
	return asked{said, time.Since(began)}
}

// pin resolves a tag as a request to /mutate would, within 0.8 s.
func (w *world) pin(t *testing.T, written string) asked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.Resolve(ctx, image(written))
	return asked{said(provider.Verdict{}, err), time.Since(began)}
}

var (
	inVain = asked{"undecided deadline", 1800 * time.Millisecond}
	atOnce = asked{"undecided deadline", 0}
)

// Gatekeeper evaluates constraints one after the other, and the webhook waits once.
func TestNoWaitAfterADeadline(t *testing.T) {
	for _, tc := range []struct{ name, written string }{{"a digest", "x@d"}, {"a tag", "x:1"}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.resolve, w.verify = slowly(5*time.Second), takes(5*time.Second, provider.Verified)
			for i, want := range []asked{inVain, atOnce, atOnce} {
				if got := w.timed(t, tc.written, "p"); got != want {
					t.Errorf("%s, constraint %d: %v; want %v", tc.name, i+1, got, want)
				}
				time.Sleep(500 * time.Millisecond)
			}
			if got := w.counted("verdicts join") + w.counted("tags join"); got != 2 {
				t.Errorf("%s: %d joins are told; want the 2 that were answered at once", tc.name, got)
			}
			time.Sleep(time.Second) // past the moment: a retry
			if got := w.timed(t, tc.written, "p"); got.took == 0 {
				t.Errorf("%s: a retry is %v; want it to wait", tc.name, got)
			}
			time.Sleep(5 * time.Second)
			if got := w.timed(t, tc.written, "p"); got != (asked{"verified", 0}) {
				t.Errorf("%s: at last: %v; want verified", tc.name, got)
			}
		})
	}
}

// The tag is resolved a moment after the deadline, and then its digest is verified.
func TestADeadlineMissedOnTheTagCountsForItsDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.resolve, w.verify = slowly(1900*time.Millisecond), takes(5*time.Second, provider.Verified)
		if got := w.timed(t, "x:1", "p"); got != inVain {
			t.Fatal(got)
		}
		time.Sleep(500 * time.Millisecond)
		if got := w.timed(t, "x:1", "p"); got != atOnce {
			t.Errorf("while the digest is verified: %v; want an answer at once", got)
		}
	})
}

func TestWhatADeadlineSaysNothingOfIsWaitedFor(t *testing.T) {
	slow := takes(5*time.Second, provider.Verified)
	for _, tc := range []struct {
		name   string
		before func(*testing.T, *world)
		image  string
		policy string
	}{
		{"another image", func(t *testing.T, w *world) { w.ask(t, "y@d", "p") }, "x@d", "p"},
		{"another policy", func(t *testing.T, w *world) { w.ask(t, "x@d", "old") }, "x@d", "p"},
		{"a shorter deadline", func(t *testing.T, w *world) { w.pin(t, "x:1") }, "x:1", "p"},
		{"a client that left", func(t *testing.T, w *world) { w.leave(t, "x@d") }, "x@d", "p"},
		{"a check that is over", func(t *testing.T, w *world) { w.fail(t, "x@d", slow) }, "x@d", "p"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.resolve, w.verify = slowly(5*time.Second), slow
			tc.before(t, w)
			if got := w.timed(t, tc.image, tc.policy); got != inVain {
				t.Errorf("after %s: %v; want it to be waited for", tc.name, got)
			}
		})
	}
}

// leave asks for an image and goes away before the answer.
func (w *world) leave(t *testing.T, written string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { time.Sleep(time.Second); cancel() }()
	if _, err := w.Verify(ctx, image(written), policy{w, "p"}); err == nil {
		t.Error("verified though the client left")
	}
}

// fail asks for an image whose check ends undecided just after the deadline; then is how
// it is verified afterwards.
func (w *world) fail(t *testing.T, written string, then func(context.Context, provider.Image) (provider.Verdict, error)) {
	t.Helper()
	w.verify = func(ctx context.Context, image provider.Image) (provider.Verdict, error) {
		_ = wait(ctx, 1900*time.Millisecond)
		return down(ctx, image)
	}
	w.ask(t, written, "p")
	time.Sleep(500 * time.Millisecond)
	synctest.Wait() // the check is over
	w.verify = then
}

// The same for a tag that is to be pinned.
func TestNoWaitToPinAfterADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.resolve = slowly(5 * time.Second)
		for _, want := range []time.Duration{800 * time.Millisecond, 0} {
			if got := w.pin(t, "x:1"); got != (asked{"undecided deadline", want}) {
				t.Errorf("%v; want an answer after %v", got, want)
			}
		}
	})
}

// A verdict from before the clock was set back would hold for the whole jump. Inside the
// bubble it is the year 2000.
func TestAnEntryMadeInTheFutureIsNoEntry(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "x:1", "p")
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{}, provider.ErrNotFound
	}
	w.ask(t, "gone:1", "p")
	synctest.Test(t, func(t *testing.T) {
		for _, written := range []string{"x:1", "x@1", "gone:1"} {
			if got := w.known(written, "p"); got != "" {
				t.Errorf("%s is known as %q before it was asked for", written, got)
			}
		}
	})
	for _, tc := range []struct{ written, want string }{{"x:1", "verified"}, {"x@1", "verified"}, {"gone:1", "not-found"}} {
		if got := w.known(tc.written, "p"); got != tc.want {
			t.Errorf("%s is known as %q when the clock is right again; want %s", tc.written, got, tc.want)
		}
	}
}
