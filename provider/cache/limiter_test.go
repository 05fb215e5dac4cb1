package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
)

func newLimiter(concurrent, perRegistry, queue int, named ...string) *cache.Limiter {
	return cache.NewLimiter(cache.LimiterOptions{Concurrent: concurrent, PerRegistry: perRegistry, Queue: queue, Named: named})
}

// visitors take places of a limiter and stay, each for a while.
type visitors struct {
	t       *testing.T
	limiter *cache.Limiter

	mu     sync.Mutex
	inside map[string]int
	most   map[string]int
	failed []error
}

func newVisitors(t *testing.T, limiter *cache.Limiter) *visitors {
	return &visitors{t: t, limiter: limiter, inside: map[string]int{}, most: map[string]int{}}
}

// come sends n visitors for a repository, "HOST/PATH", each of which stays for a while and gives up
// waiting after patience.
func (v *visitors) come(n int, repository string, stay, patience time.Duration) {
	host, _, _ := strings.Cut(repository, "/")
	for range n {
		go func() {
			ctx, cancel := context.WithTimeout(v.t.Context(), patience)
			defer cancel()
			leave, err := v.limiter.Enter(ctx, host, repository)
			if err != nil {
				v.fail(err)
				return
			}
			v.count(repository, 1)
			time.Sleep(stay)
			v.count(repository, -1)
			leave()
		}()
	}
	synctest.Wait()
}

func (v *visitors) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failed = append(v.failed, err)
}

func (v *visitors) count(host string, by int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, who := range []string{host, "all"} {
		v.inside[who] += by
		v.most[who] = max(v.most[who], v.inside[who])
	}
}

// seen reads inside or most.
func (v *visitors) seen(counts map[string]int, who string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return counts[who]
}

func (v *visitors) failures() []error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.failed)
}

// causes are those of the failures, and how often.
func (v *visitors) stages() map[provider.Cause]int {
	stages := map[provider.Cause]int{}
	for _, err := range v.failures() {
		undecided, ok := errors.AsType[*provider.UndecidedError](err)
		if !ok {
			v.t.Errorf("Enter failed with %v, no UndecidedError", err)
			continue
		}
		stages[undecided.Cause]++
	}
	return stages
}

// leftNoTrace fails the test unless the limiter is as new.
func (v *visitors) leftNoTrace() {
	v.t.Helper()
	running, waiting := v.limiter.Load()
	if hosts := v.limiter.Hosts(); running != 0 || waiting != 0 || hosts != 0 {
		v.t.Errorf("%d run, %d wait and %d registries are known at the end; want none", running, waiting, hosts)
	}
}

func TestTheLimiterBoundsAllAndEachRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(5, 3, 1000, "a", "b", "c"))
		for _, host := range []string{"a", "b", "c"} {
			v.come(20, host, time.Second, time.Hour)
		}
		if running, waiting := v.limiter.Load(); running != 5 || waiting != 55 {
			t.Errorf("Load = %d running, %d waiting; want 5 and 55", running, waiting)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if most := v.seen(v.most, "all"); most != 5 {
			t.Errorf("%d at once; want 5", most)
		}
		for _, host := range []string{"a", "b", "c"} {
			if most := v.seen(v.most, host); most < 2 || most > 3 {
				t.Errorf("%d at once in %s; want 3 at most", most, host)
			}
		}
		if len(v.failures()) > 0 {
			t.Errorf("failures: %v", v.failures())
		}
		v.leftNoTrace()
	})
}

func TestAFullQueueIsOverloadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(1, 1, 3))
		v.come(1, "a", time.Minute, time.Hour)
		v.come(3, "a", time.Minute, time.Hour)
		if len(v.failures()) > 0 {
			t.Fatalf("failures while there is room in the queue: %v", v.failures())
		}
		v.come(2, "b", time.Minute, time.Hour) // no time passes: they are told at once
		if got := v.stages(); len(got) != 1 || got[provider.CauseOverload] != 2 {
			t.Errorf("with a full queue: %v; want overload, twice", got)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		v.come(1, "b", time.Minute, time.Hour)
		if len(v.failures()) != 2 {
			t.Errorf("failures after the queue is gone: %v", v.failures())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

func TestGivingUpLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(2, 1, 100, "slow", "other", "third"))
		v.come(1, "slow", time.Hour, time.Minute)
		v.come(9, "slow", time.Second, time.Minute) // these wait for the registry's place
		v.come(1, "other", time.Hour, time.Minute)
		v.come(9, "third", time.Second, time.Minute) // and these, one of them at a time, for one of all
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := v.stages(); len(got) != 1 || got[provider.CauseDeadline] != 18 {
			t.Errorf("those who gave up: %v; want deadline, 18 times", got)
		}
		if running, waiting := v.limiter.Load(); running != 2 || waiting != 0 || v.limiter.Hosts() != 2 {
			t.Errorf("%d run, %d wait, %d registries are known; want 2, 0, 2", running, waiting, v.limiter.Hosts())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		v.leftNoTrace()
		v.come(2, "third", time.Second, time.Minute)
		time.Sleep(time.Minute)
		synctest.Wait()
		if v.seen(v.most, "third") != 1 || len(v.failures()) != 18 {
			t.Errorf("the places of those who gave up are lost: %d were inside, failures %v", v.seen(v.most, "third"), v.failures())
		}
	})
}

func TestGivingUpReturnsTheRegistrysPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(2, 2, 100))
		v.come(1, "a", time.Hour, time.Minute)
		v.come(1, "b", 10*time.Minute, time.Minute)
		v.come(1, "a", time.Second, time.Minute) // has a's second place, and waits for one of all
		time.Sleep(20 * time.Minute)             // it gave up, b left, a's first is still inside
		v.come(1, "a", time.Second, time.Minute)
		if v.seen(v.inside, "a") != 2 {
			t.Error("the place of the one who gave up is lost")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

func TestASlowRegistryTakesNoPlaceFromAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(4, 2, 1000, "slow", "quick"))
		v.come(50, "slow", time.Hour, time.Minute)
		v.come(2, "quick", time.Second, time.Minute)
		if v.seen(v.inside, "slow") != 2 || v.seen(v.inside, "quick") != 2 {
			t.Error("2 of slow and 2 of quick are not inside")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

func TestASlowRegistryDoesNotFillTheQueueForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(4, 2, 20, "slow", "quick")) // half of the places, so half of the queue
		v.come(100, "slow", time.Hour, time.Minute)
		if _, waiting := v.limiter.Load(); waiting != 10 {
			t.Errorf("%d wait for one registry; want its half of the queue, 10", waiting)
		}
		if got := v.stages(); got[provider.CauseOverload] != 88 {
			t.Errorf("failures: %v; want overload, 88 times", got)
		}
		v.come(10, "quick", time.Second, time.Minute)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if v.seen(v.most, "quick") != 2 || len(v.failures()) != 88 {
			t.Errorf("the other registry: %d at once, failures %v", v.seen(v.most, "quick"), v.failures())
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

// Checks of hosts that the configuration does not name take no place from a named one.
func TestUnnamedHostsTakeNoNamedPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(4, 2, 20, "named"))
		for i := range 200 { // another port each, and every one of them hangs
			v.come(1, fmt.Sprintf("tarpit.example:%d", i), time.Hour, time.Hour)
		}
		v.come(2, "named", time.Second, time.Minute)
		if v.seen(v.inside, "named") != 2 {
			t.Errorf("the named one: %d are inside, failures %v", v.seen(v.inside, "named"), v.failures())
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

func TestTheLimiterForgetsRegistries(t *testing.T) {
	limiter := newLimiter(2, 2, 2)
	for i := range 1000 { // users who name images name registries
		leave, err := limiter.Enter(t.Context(), fmt.Sprintf("host%d.example", i), "x")
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if n := limiter.Hosts(); n != 0 {
		t.Errorf("%d registries are known; want none", n)
	}
}

// A check whose time is over gets no place at the limiter.
func TestExpiredWaiterGetsNoPlace(t *testing.T) {
	limiter := newLimiter(1, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	leave, err := limiter.Enter(ctx, "a", "a/x")
	if leave != nil || provider.AsUndecided(err).Cause != provider.CauseDeadline || !errors.Is(err, context.Canceled) {
		t.Errorf("Enter with a context that is over: %v; want deadline", err)
	}
	if running, waiting := limiter.Load(); running+waiting+limiter.Hosts() != 0 {
		t.Error("it left a trace")
	}
}

// Two registries that hang have all places that they may, and a third that is named still has its own.
func TestNamedRegistryHasPlacesInReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(64, 32, 1024, "slow", "slower", "good"))
		v.come(120, "slow/x", time.Hour, time.Minute)
		v.come(120, "slower/x", time.Hour, time.Minute)
		v.come(120, "elsewhere/x", time.Hour, time.Minute)
		v.come(24, "good/x", time.Second, time.Minute)
		if got := v.seen(v.inside, "good/x"); got != 2 {
			t.Errorf("%d of the good registry are inside, want 2", got)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := v.seen(v.inside, "good/x"); got != 0 || v.stages()[provider.CauseDeadline] != 0 {
			t.Errorf("%d of the good registry are inside after 20 s, failures %v", got, v.stages())
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

// Within a registry, a flood of images of one repository does not keep an image of another waiting.
func TestRepositoriesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(4, 2, 1000, "host"))
		v.come(200, "host/flood", time.Second, time.Hour)
		v.come(3, "host/good", time.Second, time.Hour)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := v.seen(v.most, "host/good"); got == 0 || v.seen(v.inside, "host/good") != 0 {
			t.Errorf("%d of the other repository ran at once, %d still do", got, v.seen(v.inside, "host/good"))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}

// Where a queue is full, the repository that has most waiting gives up its last place, and not the one that has none.
func TestFullQueueMakesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisitors(t, newLimiter(4, 2, 20, "host", "other"))
		v.come(50, "host/flood", time.Minute, 2*time.Hour)
		v.come(1, "host/good", time.Second, 2*time.Hour)
		v.come(50, "other/flood", time.Minute, 2*time.Hour)
		v.come(1, "elsewhere/good", time.Second, 2*time.Hour)
		time.Sleep(90 * time.Second)
		synctest.Wait()
		for _, repository := range []string{"host/good", "elsewhere/good"} {
			if v.seen(v.most, repository) != 1 {
				t.Errorf("%s did not run", repository)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		v.leftNoTrace()
	})
}
