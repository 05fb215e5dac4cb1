package cache_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
)

// What is kept stays when the times get longer, and for no longer than they say when they get shorter.
func TestNewTimesHoldForWhatIsKept(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{{30 * time.Second, "verified"}, {59 * time.Second, "verified"}, {60 * time.Second, ""}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 10)
			w.ask(t, "x@d", "p")
			time.Sleep(30 * time.Second)
			w.Configure(cache.Settings{Entries: 10, Verified: time.Minute, Refused: refusedFor, Tags: tagsFor, VerifyWithin: verifyWithin})
			w.Configure(cache.Settings{Entries: 10, Verified: time.Hour, Refused: refusedFor, Tags: tagsFor, VerifyWithin: verifyWithin})
			time.Sleep(tc.after - 30*time.Second)
			if got := w.known("x@d", "p"); got != tc.want {
				t.Errorf("known after %v is %q; want %q", tc.after, got, tc.want)
			}
		})
	}
}

func TestNewTimesHoldForWhatIsAskedNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.Configure(cache.Settings{Entries: 10, Verified: time.Minute, Refused: time.Second, Tags: tagsFor, VerifyWithin: time.Second})
		w.ask(t, "x@d", "p")
		time.Sleep(time.Minute)
		if got := w.known("x@d", "p"); got != "" {
			t.Errorf("known after a minute is %q", got)
		}
		w.verify = takes(time.Hour, provider.Verified)
		began := time.Now()
		w.ask(t, "y@d", "p")
		if took := time.Since(began); took != time.Second {
			t.Errorf("a check that hangs ended after %v; want verifyWithin", took)
		}
	})
}

func TestTheLastUsedStayInASmallerCache(t *testing.T) {
	w := newWorld(t, 10)
	for i := range 10 {
		w.ask(t, fmt.Sprintf("x@%d", i), "p")
	}
	w.known("x@0", "p")
	w.Configure(cache.Settings{Entries: 2, Verified: time.Minute, Refused: refusedFor, Tags: tagsFor, VerifyWithin: verifyWithin})
	for _, tc := range []struct{ image, want string }{{"x@0", "verified"}, {"x@9", "verified"}, {"x@8", ""}, {"x@1", ""}} {
		if got := w.known(tc.image, "p"); got != tc.want {
			t.Errorf("%s is %q; want %q", tc.image, got, tc.want)
		}
	}
}

// More places are given out at once, and fewer hold for those who come later.
func TestALimiterTakesOtherOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := cache.LimiterOptions{Concurrent: 1, PerRegistry: 1, Queue: 10}
		limiter := cache.NewLimiter(options)
		running := func() int { running, _ := limiter.Load(); return running }
		for range 5 {
			go func() {
				leave, err := limiter.Enter(t.Context(), "a", "a/x")
				if err == nil {
					time.Sleep(time.Minute)
					leave()
				}
			}()
		}
		synctest.Wait()
		if running() != 1 {
			t.Fatalf("%d run", running())
		}
		options.Concurrent, options.PerRegistry = 3, 3
		limiter.Configure(options)
		synctest.Wait()
		if running() != 3 {
			t.Errorf("%d run; want 3 as soon as there are places", running())
		}
		options.Concurrent, options.PerRegistry, options.Named = 1, 1, []string{"a"}
		limiter.Configure(options)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if running() != 1 {
			t.Errorf("%d run; want 1 of those who waited", running())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		leave, err := limiter.Enter(ctx, "a", "a/x")
		if err != nil {
			t.Fatal(err)
		}
		leave()
		if running, waiting := limiter.Load(); running+waiting != 0 {
			t.Errorf("%d run and %d wait when all have left", running, waiting)
		}
	})
}
