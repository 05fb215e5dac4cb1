package cache_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// together asks n times at once, and returns how often each was said.
func (w *world) together(t *testing.T, n int, written string) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var asking sync.WaitGroup
	all := map[string]int{}
	for range n {
		asking.Go(func() {
			got := w.ask(t, written, "p")
			mu.Lock()
			defer mu.Unlock()
			all[got]++
		})
	}
	asking.Wait()
	return all
}

func TestManyWhoAskAtOnceWaitForOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(time.Second, provider.Verified)
		w.resolve = slowly(500 * time.Millisecond)
		if got := w.together(t, 50, "x:1"); got["verified"] != 50 {
			t.Errorf("said: %v; want verified, 50 times", got)
		}
		if w.resolves != 1 || w.verifies != 1 {
			t.Errorf("%d resolutions and %d judgements; want one of each", w.resolves, w.verifies)
		}
		w.ask(t, "x:1", "p")
		for _, tc := range []struct {
			event string
			want  int
		}{{"verdicts miss", 1}, {"verdicts join", 49}, {"verdicts hit", 1}, {"tags miss", 1}, {"tags join", 49}, {"tags hit", 1}} {
			if got := w.counted(tc.event); got != tc.want {
				t.Errorf("%q was told %d times; want %d", tc.event, got, tc.want)
			}
		}
	})
}

func TestManyWhoAskAtOnceShareIgnoranceToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = func(ctx context.Context, image provider.Image) (provider.Verdict, error) {
			_ = wait(ctx, time.Second)
			return down(ctx, image)
		}
		if got := w.together(t, 50, "x@d"); got["undecided registry"] != 50 || w.verifies != 1 {
			t.Errorf("said: %v after %d judgements; want undecided, 50 times, after one", got, w.verifies)
		}
	})
}

// The caller whose request started the check leaves: the others still get the answer.
func TestFirstCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(time.Second, provider.Verified)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan string)
		go func() { first <- said(w.Verify(ctx, image("x@d"), policy{w, "p"})) }()
		synctest.Wait()
		second := make(chan string)
		go func() { second <- w.ask(t, "x@d", "p") }()
		synctest.Wait()
		cancel()
		if got := <-first; got != "undecided deadline" {
			t.Errorf("who left was told %q", got)
		}
		if got := <-second; got != "verified" || w.verifies != 1 {
			t.Errorf("who stayed was told %q after %d judgements; want verified after one", got, w.verifies)
		}
	})
}

func TestWorkOutlivesTheRequestAndTheRetryFindsIt(t *testing.T) {
	slow := slowly(5 * time.Second)
	for _, tc := range []struct {
		name    string
		image   string
		resolve func(context.Context, provider.Image) (ocispec.Descriptor, error)
		verify  time.Duration
	}{
		{"slow verification", "x@d", nil, 5 * time.Second},
		{"slow verification of a tag", "x:1", nil, 5 * time.Second},
		{"slow resolution", "x:1", slow, 0},
		{"slow resolution and verification", "x:1", slow, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.resolve, w.verify = tc.resolve, takes(tc.verify, provider.Verified)
			began := time.Now()
			if got := w.ask(t, tc.image, "p"); got != "undecided deadline" || time.Since(began) != 1800*time.Millisecond {
				t.Errorf("%s: %q after %v; want undecided, deadline, after 1.8 s", tc.name, got, time.Since(began))
			}
			time.Sleep(11 * time.Second)
			if got := w.known(tc.image, "p"); got != "verified" || w.verifies != 1 {
				t.Errorf("%s: the retry finds %q after %d judgements; want verified after one", tc.name, got, w.verifies)
			}
		})
	}
}

// A check that hangs ends after its own time limit, and the next request starts another.
func TestWorkWithoutCallersIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(time.Hour, provider.Verified)
		began := time.Now()
		got := said(w.Verify(t.Context(), image("x@d"), policy{w, "p"}))
		if got != "undecided deadline" || time.Since(began) != verifyWithin {
			t.Errorf("%q after %v; want undecided, deadline, after %v", got, time.Since(began), verifyWithin)
		}
		w.verify = nil
		if got := w.ask(t, "x@d", "p"); got != "verified" {
			t.Errorf("asked again: %q", got)
		}
	})
}

func TestPinningJudgesNothingButWhatAsksAlongIsJudged(t *testing.T) {
	w := newWorld(t, 10)
	if _, err := w.Resolve(t.Context(), image("x:1")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if w.verifies != 0 {
		t.Errorf("%d judgements for a tag that was only resolved", w.verifies)
	}
}

func TestAnImageInUseNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(time.Second, provider.Verified)
		w.resolve = slowly(500 * time.Millisecond)
		if got := w.ask(t, "x:1", "p"); got != "verified" {
			t.Fatal(got)
		}
		const asked = 3600
		for i := range asked {
			time.Sleep(time.Second)
			if got := w.known("x:1", "p"); got != "verified" {
				t.Fatalf("after %d s: %q", i, got)
			}
		}
		synctest.Wait()
		// Renewed in the last quarter of each life: every 451 s and every 46 s.
		if v, r := w.count(&w.verifies), w.count(&w.resolves); v > 9 || v < 8 || r > 82 || r < 70 {
			t.Errorf("%d judgements and %d resolutions in an hour; want about 8 and 78", v, r)
		}
		if hits, misses, joins := w.counted("verdicts hit"), w.counted("verdicts miss"), w.counted("verdicts join"); hits != asked || misses != 0 && joins != 0 {
			t.Errorf("told: %d hits, %d misses, %d joins; renewals are none of them", hits, misses, joins)
		}
	})
}

func TestARenewalThatRefusesCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.ask(t, "x@d", "p")
		w.verify = takes(time.Second, provider.Revoked)
		time.Sleep(verifiedFor * 3 / 4)
		if got := w.known("x@d", "p"); got != "verified" {
			t.Fatalf("while it is renewed: %q", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.known("x@d", "p"); got != "revoked" {
			t.Errorf("after the renewal: %q; want revoked, though the old verdict had time left", got)
		}
	})
}

func TestASignatureThatArrivesIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(0, provider.Unsigned)
		w.ask(t, "x@d", "p")
		w.verify = nil
		time.Sleep(refusedFor * 3 / 4)
		w.ask(t, "x@d", "p")
		synctest.Wait()
		if got := w.known("x@d", "p"); got != "verified" {
			t.Errorf("known is %q; want verified before the refusal's time is over", got)
		}
	})
}

// A renewal that fails keeps the old verdict to its end, and is not repeated with each lookup.
func TestAFailedRenewalKeepsTheOldVerdict(t *testing.T) {
	for _, tc := range []struct {
		reason provider.Reason
		keep   time.Duration
	}{{provider.Verified, verifiedFor}, {provider.Unsigned, refusedFor}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.verify = takes(0, tc.reason)
			began, asked := time.Now(), 0
			w.ask(t, "x@d", "p")
			w.verify = down
			for ; time.Since(began) < tc.keep; asked++ {
				if got := w.known("x@d", "p"); got != string(tc.reason) {
					t.Fatalf("after %v: %q; want %s to its end", time.Since(began), got, tc.reason)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if got := w.ask(t, "x@d", "p"); got != "undecided registry" {
				t.Errorf("at its end: %q; want undecided", got)
			}
			if n := w.count(&w.verifies); n < 5 || n > 20 {
				t.Errorf("%s: %d judgements while asked for %d times; want a handful", tc.reason, n, asked)
			}
		})
	}
}

func TestAPanicIsIgnorance(t *testing.T) {
	w := newWorld(t, 10)
	w.verify = func(context.Context, provider.Image) (provider.Verdict, error) { panic("hostile bytes") }
	_, err := w.Verify(t.Context(), image("x@d"), policy{w, "p"})
	undecided := provider.AsUndecided(err)
	if undecided.Cause != provider.CauseInternal || undecided.Detail != provider.DetailDefect || undecided.Err == nil {
		t.Errorf("a panic while verifying: %v; want undecided, internal, with the cause for the log", err)
	}
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		panic("hostile headers")
	}
	if got := w.ask(t, "x:1", "p"); got != "undecided internal" {
		t.Errorf("a panic while resolving: %q", got)
	}
	w.verify, w.resolve = nil, nil
	if got := w.ask(t, "x@d", "p") + " " + w.ask(t, "x:1", "p"); got != "verified verified" {
		t.Errorf("asked again: %q", got)
	}
}

func TestCloseEndsWhatIsUnderWayAndWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.ask(t, "known@d", "p")
		ended := false
		w.verify = func(ctx context.Context, _ provider.Image) (provider.Verdict, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // it is slow to notice
			ended = true
			return provider.Verdict{}, ctx.Err()
		}
		said := make(chan string, 1)
		go func() { said <- w.ask(t, "x@d", "p") }()
		synctest.Wait()
		began := time.Now()
		w.Close()
		if took := time.Since(began); !ended || took != time.Second {
			t.Errorf("Close took %v; want it to end what is under way, and wait the second that takes", took)
		}
		if got := <-said; got != "undecided deadline" {
			t.Errorf("who waited was told %q", got)
		}
		for _, written := range []string{"x@d", "y:1"} {
			if got := w.ask(t, written, "p"); got != "undecided internal" {
				t.Errorf("asked for %s after Close: %q; want undecided", written, got)
			}
		}
		time.Sleep(verifiedFor - time.Minute)
		if got := w.known("known@d", "p"); got != "verified" { // due for renewal, which is not to be
			t.Errorf("known after Close: %q", got)
		}
		if w.verifies != 2 {
			t.Errorf("%d judgements; want none after Close", w.verifies)
		}
	})
}

func TestManyWhoAskForManyThingsDoNotRace(t *testing.T) {
	w := newWorld(t, 4)
	reasons := provider.Reasons()
	w.verify = func(_ context.Context, image provider.Image) (provider.Verdict, error) {
		runtime.Gosched()
		return provider.Verdict{Reason: reasons[int(image.Digest[10])%2]}, nil
	}
	var asking sync.WaitGroup
	for i := range 16 {
		asking.Go(func() {
			for j := range 200 {
				name := string(rune('a' + (i+j)%8))
				if got, again := w.ask(t, "x:"+name, "p"), w.ask(t, "x@"+name, "p"); got != again {
					t.Errorf("%s is %q by tag and %q by digest", name, got, again)
				}
			}
		})
	}
	asking.Wait()
}

// What a check logs has the id of the request that started it, also where a tag is resolved first.
func TestACheckHasTheIDOfItsRequest(t *testing.T) {
	for _, written := range []string{"x@d", "x:1"} {
		w := newWorld(t, 10)
		ctx, id := logging.NewRequest(t.Context())
		var ids []string
		w.verify = func(ctx context.Context, _ provider.Image) (provider.Verdict, error) {
			_, of := logging.NewRequest(ctx)
			w.note(func() { ids = append(ids, of) })
			return provider.Verdict{Reason: provider.Verified}, nil
		}
		if _, err := w.Verify(ctx, image(written), policy{w, "p"}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids, []string{id}) {
			t.Errorf("%s: the checks have the ids %q, want %q", written, ids, id)
		}
	}
}
