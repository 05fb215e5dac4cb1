package cache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
)

func TestEachKindOfAnswerIsKeptForItsTime(t *testing.T) {
	notFound := func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{}, fmt.Errorf("asking: %w", provider.ErrNotFound)
	}
	for _, tc := range []struct {
		name    string
		image   string
		resolve func(context.Context, provider.Image) (ocispec.Descriptor, error)
		verify  func(context.Context, provider.Image) (provider.Verdict, error)
		want    string
		keep    time.Duration
	}{
		{"verified", "x@d", nil, nil, "verified", verifiedFor},
		{"refused", "x@d", nil, takes(0, provider.Unsigned), "unsigned", refusedFor},
		{"tag", "x:1", nil, nil, "verified", tagsFor},
		{"not found", "x:1", notFound, nil, "not-found", refusedFor},
	} {
		for _, test := range []struct {
			after time.Duration
			want  string
		}{{0, tc.want}, {tc.keep - 1, tc.want}, {tc.keep, ""}, {2 * tc.keep, ""}} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 10)
				w.resolve, w.verify = tc.resolve, tc.verify
				if got := w.known(tc.image, "p"); got != "" {
					t.Fatalf("%s: known is %q before anybody asked", tc.name, got)
				}
				if got := w.ask(t, tc.image, "p"); got != tc.want {
					t.Fatalf("%s: %q; want %q", tc.name, got, tc.want)
				}
				time.Sleep(test.after)
				if got := w.known(tc.image, "p"); got != test.want {
					t.Errorf("%s: known after %v is %q; want %q", tc.name, test.after, got, test.want)
				}
			})
		}
	}
}

func TestNothingIsVerifiedPastItsFacts(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{{20*time.Second - 1, "verified"}, {20 * time.Second, ""}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			until := time.Now().Add(21 * time.Second)
			w.verify = func(ctx context.Context, image provider.Image) (provider.Verdict, error) {
				verdict, err := takes(time.Second, provider.Verified)(ctx, image)
				verdict.Until = until
				return verdict, err
			}
			w.ask(t, "x@d", "p")
			time.Sleep(tc.after)
			if got := w.known("x@d", "p"); got != tc.want {
				t.Errorf("known %v after the verdict, whose facts hold 20 s, is %q; want %q", tc.after, got, tc.want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		for _, until := range []time.Time{time.Now(), time.Now().Add(-time.Second), time.Unix(1, 0)} {
			w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
				return provider.Verdict{Reason: provider.Verified, Until: until}, nil
			}
			w.ask(t, "x@d", "p")
			if got := w.known("x@d", "p"); got != "" {
				t.Errorf("a verdict that lapsed at %v is remembered at %v", until, time.Now())
			}
		}
	})
}

// A verdict is renewed when the answer about revocation is too old.
func TestAVerdictIsRenewedAtItsRecheckTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		at := time.Now().Add(20 * time.Second)
		w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
			return provider.Verdict{Reason: provider.Verified, RecheckAt: at}, nil
		}
		w.ask(t, "x@d", "p")
		time.Sleep(20*time.Second - 1)
		if got := w.known("x@d", "p"); got != "verified" {
			t.Errorf("a moment before it is %q", got)
		}
		time.Sleep(time.Nanosecond)
		if got := w.known("x@d", "p"); got != "" {
			t.Errorf("and then it is still %q", got)
		}
	})
}

func TestAVerdictThatLapsesPushesOutTheOlderOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.ask(t, "x@d", "p")
		time.Sleep(verifiedFor - time.Second)
		w.verify = func(context.Context, provider.Image) (provider.Verdict, error) {
			return provider.Verdict{Reason: provider.Verified, Until: time.Now()}, nil
		}
		w.known("x@d", "p") // has it renewed
		synctest.Wait()
		if got := w.known("x@d", "p"); got != "" {
			t.Errorf("known is %q; the newer verdict lapsed, and the older must not stand for it", got)
		}
	})
}

func TestUndecidedIsNeverRemembered(t *testing.T) {
	w := newWorld(t, 10)
	w.verify = down
	for range 3 {
		if got := w.ask(t, "x@d", "p"); got != "undecided registry" {
			t.Errorf("asked while the registry is down: %q", got)
		}
		if got := w.known("x@d", "p"); got != "" {
			t.Errorf("known is %q", got)
		}
	}
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{Digest: digestOf("evil")}, errors.New("odd")
	}
	for range 2 {
		if got := w.ask(t, "x:1", "p"); got != "undecided internal" {
			t.Errorf("asked while the registry is odd: %q", got)
		}
	}
	w.verify, w.resolve = nil, nil
	if got := w.ask(t, "x@d", "p") + " " + w.ask(t, "x:1", "p"); got != "verified verified" {
		t.Errorf("asked when all is well again: %q", got)
	}
	if w.verifies != 5 || w.resolves != 3 {
		t.Errorf("%d judgements and %d resolutions; want 5 and 3", w.verifies, w.resolves)
	}
}

func TestWhatIsRefusedPushesOutNothingVerified(t *testing.T) {
	w := newWorld(t, 3)
	for i := range 3 {
		w.ask(t, fmt.Sprintf("good@%d", i), "p")
	}
	w.verify = takes(0, provider.Unsigned)
	for i := range 100 {
		w.ask(t, fmt.Sprintf("bad@%d", i), "p")
	}
	for i := range 3 {
		if got := w.known(fmt.Sprintf("good@%d", i), "p"); got != "verified" {
			t.Errorf("good image %d is %q; want it still known", i, got)
		}
	}
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{Digest: digestOf("0")}, nil
	}
	w.ask(t, "good:1", "p")
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{}, provider.ErrNotFound
	}
	for i := range 100 {
		w.ask(t, fmt.Sprintf("gone:%d", i), "p")
	}
	if got := w.known("good:1", "p"); got != "verified" {
		t.Errorf("a good tag is %q after many that are not found", got)
	}
}

func TestTheMemoriesAreBoundedAndTellWhatTheyPushOut(t *testing.T) {
	w := newWorld(t, 3)
	for i := range 10 {
		w.ask(t, fmt.Sprintf("x:%d", i), "p")
	}
	if tags, verdicts := w.counted("tags evict"), w.counted("verdicts evict"); tags != 7 || verdicts != 7 {
		t.Errorf("%d tags and %d verdicts evicted; want 7 of each", tags, verdicts)
	}
	var known int
	for i := range 10 {
		if w.known(fmt.Sprintf("x:%d", i), "p") != "" {
			known++
		}
	}
	if known != 3 {
		t.Errorf("%d are known; want 3", known)
	}
	if _, err := cache.New(cache.Options{}); err == nil {
		t.Error("New without room succeeds")
	}
}

func TestAChangeOfMindIsNoEviction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		for _, reason := range []provider.Reason{provider.Unsigned, provider.Verified, provider.Revoked, provider.Verified} {
			w.verify = takes(0, reason)
			if got := w.ask(t, "x@d", "p"); got != string(reason) {
				t.Errorf("asked again: %q; want %q", got, reason)
			}
			time.Sleep(verifiedFor)
		}
		if n := w.counted("verdicts evict"); n != 0 {
			t.Errorf("%d evictions; want none", n)
		}
	})
}

func TestANewFingerprintMakesTheOldVerdictUnreachable(t *testing.T) {
	w := newWorld(t, 10)
	if got := w.ask(t, "x@d", "old"); got != "verified" {
		t.Fatal(got)
	}
	w.verify = takes(0, provider.Untrusted)
	if got := w.known("x@d", "new"); got != "" {
		t.Errorf("known under a new policy is %q", got)
	}
	if got := w.ask(t, "x@d", "new"); got != "untrusted" {
		t.Errorf("asked under a new policy: %q", got)
	}
	if got := w.known("x@d", "old"); got != "verified" {
		t.Errorf("known under the old policy, still used by a request under way: %q", got)
	}
}

// A check under way for the old policy does not answer for a new one.
func TestANewPolicyGetsNoVerdictUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = takes(time.Second, provider.Verified)
		go w.ask(t, "x@d", "old")
		synctest.Wait()
		w.verify = takes(time.Second, provider.Untrusted)
		if got := w.ask(t, "x@d", "new"); got != "untrusted" {
			t.Errorf("asked under a new policy while the old one's check is under way: %q", got)
		}
	})
}

func TestAVerdictIsForOneRepository(t *testing.T) {
	w := newWorld(t, 10)
	w.ask(t, "x@d", "p")
	if got := w.known("y@d", "p"); got != "" {
		t.Errorf("the same digest in another repository is %q", got)
	}
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{Digest: digestOf("d")}, nil
	}
	if got := w.ask(t, "x:1", "p") + " " + w.ask(t, "x:2", "p"); got != "verified verified" || w.verifies != 1 {
		t.Errorf("two tags of a digest that is known: %q after %d judgements; want one", got, w.verifies)
	}
}

func TestADigestStandsForItself(t *testing.T) {
	w := newWorld(t, 10)
	both := image("x@d")
	both.Tag = "1"
	desc, err := w.Resolve(t.Context(), both)
	if err != nil || desc.Digest != digestOf("d") || w.resolves != 0 {
		t.Errorf("Resolve = %v, %v after %d questions to the registry; want the digest and none", desc.Digest, err, w.resolves)
	}
	if verdict, err := w.Verify(t.Context(), both, policy{w, "p"}); err != nil || verdict.Image.Tag != "" || w.resolves != 0 {
		t.Errorf("Judge = %+v, %v; want a verdict on the digest, whatever the tag", verdict, err)
	}
}

func TestATagThatIsGoneIsNotFoundInTheWordsOfItsPolicy(t *testing.T) {
	w := newWorld(t, 10)
	w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
		return ocispec.Descriptor{}, provider.ErrNotFound
	}
	if _, err := w.Resolve(t.Context(), image("x:1")); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("Resolve: %v; want ErrNotFound", err)
	}
	for _, name := range []string{"old", "new"} {
		verdict, err := w.Verify(t.Context(), image("x:1"), policy{w, name})
		recalled, ok := w.Get(image("x:1"), policy{w, name})
		for _, v := range []provider.Verdict{verdict, recalled} {
			if err != nil || !ok || v.Reason != provider.NotFound || v.Policy != name || v.Detail != "the registry has no in.example/x:1" || v.Image != image("x:1") {
				t.Errorf("under %s: %+v, %v, %v", name, v, err, ok)
			}
		}
	}
	if w.resolves != 1 || w.verifies != 0 {
		t.Errorf("%d resolutions and %d judgements; want 1 and 0", w.resolves, w.verifies)
	}
}

func TestAMovedTagIsNoticedAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.ask(t, "x:1", "p")
		w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
			return ocispec.Descriptor{Digest: digestOf("unsigned")}, nil
		}
		w.verify = takes(0, provider.Unsigned)
		time.Sleep(tagsFor)
		if got := w.ask(t, "x:1", "p"); got != "unsigned" {
			t.Errorf("no request for a minute, and the tag moved: %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.ask(t, "x:1", "p")
		w.resolve = func(context.Context, provider.Image) (ocispec.Descriptor, error) {
			return ocispec.Descriptor{Digest: digestOf("unsigned")}, nil
		}
		w.verify = takes(0, provider.Unsigned)
		moved := time.Now()
		for w.ask(t, "x:1", "p") == "verified" { // asked for all the time
			if time.Sleep(time.Second); time.Since(moved) > tagsFor {
				t.Fatal("a moved tag is still verified after its time")
			}
		}
	})
}

func TestTheFetchIsTimedWithoutItsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.enter = func(ctx context.Context, host string) error { return wait(ctx, time.Second) }
		w.verify = takes(100*time.Millisecond, provider.Verified)
		if got := w.ask(t, "x@d", "p"); got != "verified" {
			t.Fatal(got)
		}
		if len(w.took) != 1 || w.took[0] != "verdicts 100ms" {
			t.Errorf("took %q; want 100 ms of verdicts", w.took)
		}
		if len(w.hosts) != 1 || !w.hosts["in.example"] {
			t.Errorf("went through the limiter for %v; want in.example", w.hosts)
		}
	})
}

func TestWhoIsNotLetInIsUndecidedAsTheGateSays(t *testing.T) {
	w := newWorld(t, 10)
	w.enter = func(context.Context, string) error {
		return provider.Undecided(provider.CauseOverload, nil, "too many checks are waiting")
	}
	if got := w.ask(t, "x:1", "p") + " " + w.ask(t, "x@d", "p"); got != "undecided overload undecided overload" {
		t.Errorf("with a full limiter: %q", got)
	}
	if w.resolves+w.verifies != 0 || len(w.took) != 0 {
		t.Errorf("%d resolutions, %d judgements, took %q; want none", w.resolves, w.verifies, w.took)
	}
}

func TestWhatIsKnownOfAnImageWaitsForNoPlaceAtTheGate(t *testing.T) {
	w := newWorld(t, 10)
	w.enter = func(context.Context, string) error {
		return provider.Undecided(provider.CauseOverload, nil, "full")
	}
	w.recheck = func(_ context.Context, image provider.Image) (provider.Verdict, bool) {
		return provider.Verdict{Reason: provider.Verified, Image: image}, image == imageAt("x@d")
	}
	if got := w.ask(t, "x@d", "p"); got != "verified" {
		t.Errorf("what is known: %q", got)
	}
	if got := w.ask(t, "x@e", "p"); got != "undecided overload" {
		t.Errorf("what is not known: %q", got)
	}
	if w.verifies != 0 {
		t.Errorf("%d judgements by the registry's word", w.verifies)
	}
}

func imageAt(written string) provider.Image { i := image(written); return i.At(i.Digest) }
