package cache_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
)

// Options that are put in force later are the ones that Limits tells.
func TestLimitsAreThoseInForce(t *testing.T) {
	l := cache.NewLimiter(cache.LimiterOptions{Concurrent: 4, PerRegistry: 2, Queue: 8})
	l.Configure(cache.LimiterOptions{Concurrent: 3, PerRegistry: 2, Queue: 5})
	if running, waiting := l.Limits(); running != 3 || waiting != 5 {
		t.Errorf("limits are %d and %d", running, waiting)
	}
}

// Good answers and refusals are told apart, for tags and for verdicts.
func TestLoadTellsGoodAndRefusedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		w.verify = func(_ context.Context, image provider.Image) (provider.Verdict, error) {
			if strings.HasSuffix(image.Repository, "bad") {
				return provider.Verdict{Reason: provider.Unsigned}, nil
			}
			return provider.Verdict{Reason: provider.Verified}, nil
		}
		for _, name := range []string{"a:1", "b:1", "bad:1"} {
			w.ask(t, name, "p")
		}
		want := []cache.Load{{Memory: cache.Tags, Good: 3}, {Memory: cache.Verdicts, Good: 2, Refused: 1}}
		if got := w.Load(); !slices.Equal(got, want) || w.Settings().Entries != 10 {
			t.Errorf("load is %+v of %d, want %+v", got, w.Settings().Entries, want)
		}
	})
}
