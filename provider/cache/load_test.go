package cache_test

import (
	"testing"

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
