package cache

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// memory remembers settled values of one kind and joins those who ask at once.
type memory[K comparable, V any] struct {
	name string
	bg   *background
	// ttl says how long a value may be kept from now on (not at all if that is
	// not positive) and whether it is a refusal.
	ttl func(V) (keep time.Duration, refused bool)
	// kept is the part of a value that is remembered.
	kept func(V) V

	// Refusals live apart: whoever can make us refuse (by naming images that are
	// not signed) must not be able to push out what is verified.
	good, refused *lru.Cache[K, entry[V]]

	mu    sync.Mutex
	calls map[K]*call[V]
}

// entry is a settled value with its age limits.
type entry[V any] struct {
	value V
	// made has both readings of the clock, wall and monotonic.
	made time.Time
	// keep is how old the entry may get. One that is asked for when it is older than
	// renew is fetched again in the background.
	renew, keep time.Duration
}

// age is how old the entry is; false for one that was made in the future.
func (e entry[V]) age(now time.Time) (age time.Duration, known bool) {
	return ageBy(now.Round(0).Sub(e.made.Round(0)), now.Sub(e.made))
}

// ageBy is the age that the wall clock and the monotonic clock tell. The one that says more
// counts: the wall clock goes on while the machine sleeps, the monotonic clock while
// somebody sets the other back. Of what was made in the future no clock tells the age.
func ageBy(wall, monotonic time.Duration) (age time.Duration, known bool) {
	return max(wall, monotonic), wall >= 0
}

// holds tells whether the entry may still be given, and whether it is due for renewal.
func (e entry[V]) holds(now time.Time) (ok, stale bool) {
	age, known := e.age(now)
	return known && age < e.keep, age >= e.renew
}

// call is one fetch that any number of callers wait for. Nobody may be waiting:
// a call is also started ahead of need.
type call[V any] struct {
	awaited atomic.Bool
	done    chan struct{}
	value   V
	err     error
}

func newMemory[K comparable, V any](name string, bg *background, entries int, settle func(V) (time.Duration, bool), kept func(V) V) (*memory[K, V], error) {
	m := &memory[K, V]{name: name, bg: bg, ttl: settle, kept: kept, calls: map[K]*call[V]{}}
	var err error
	if m.good, err = lru.New[K, entry[V]](entries); err != nil {
		return nil, fmt.Errorf("making the %s memory: %w", name, err)
	}
	if m.refused, err = lru.New[K, entry[V]](entries); err != nil {
		return nil, fmt.Errorf("making the %s memory: %w", name, err)
	}
	return m, nil
}

// recall returns what is remembered and still holds, and whether it is time to renew
// it. It tells nobody: what is found may still not be an answer.
func (m *memory[K, V]) recall(key K) (value V, stale, ok bool) {
	e, ok := m.good.Get(key)
	if !ok {
		e, ok = m.refused.Get(key)
	}
	if !ok {
		return value, false, false
	}
	if ok, stale = e.holds(time.Now()); !ok {
		return value, false, false
	}
	return e.value, stale, true
}

// prefetch starts the fetch for what somebody is about to ask, unless it is known.
func (m *memory[K, V]) prefetch(key K, image provider.Image, fetch fetcher[V]) {
	if _, _, ok := m.recall(key); !ok {
		m.join(key, image, fetch)
	}
}

// underWay tells whether the fetch for key goes on.
func (m *memory[K, V]) underWay(key K) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[key] != nil
}

// fetcher finds out a value under the call's own context.
type fetcher[V any] struct {
	// local looks where nobody need be asked, and so needs no place: what
	// is known of one image must not wait for others whose registry hangs. It may be nil.
	local  func(context.Context) (V, bool)
	remote func(context.Context) (V, error)
}

// get returns what is remembered, or waits for it until ctx is done. The fetch
// runs under its own context: the impatience of one caller fails nobody else,
// and what it finds is there for the retry.
func (m *memory[K, V]) get(ctx context.Context, key K, image provider.Image, fetch fetcher[V]) (V, error) {
	if value, stale, ok := m.recall(key); ok {
		m.bg.observe(m.name, Hit)
		if stale {
			m.join(key, image, fetch)
		}
		return value, nil
	}
	c := m.join(key, image, fetch)
	event := Missed
	if c.awaited.Swap(true) {
		event = Joined
	}
	m.bg.observe(m.name, event)
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var none V
		return none, notInTime(ctx.Err())
	}
}

// join returns the call for key, and starts it if there is none.
func (m *memory[K, V]) join(key K, image provider.Image, fetch fetcher[V]) *call[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.calls[key]; c != nil {
		return c
	}
	c := &call[V]{done: make(chan struct{})}
	if !m.bg.start(func(ctx context.Context) { m.run(ctx, c, key, image, fetch) }) {
		c.err = provider.Undecided(provider.CauseInternal, nil, "shutting down")
		close(c.done)
		return c
	}
	m.calls[key] = c
	return c
}

// run fetches, remembers what is settled, and lets the waiting go.
func (m *memory[K, V]) run(ctx context.Context, c *call[V], key K, image provider.Image, fetch fetcher[V]) {
	if m.good.Contains(key) { // perhaps lapsed: it was in use a moment ago
		ctx = provider.WithRenewal(ctx)
	}
	c.value, c.err = m.fetch(ctx, image, fetch)
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.err == nil {
		m.remember(key, c.value)
	} else {
		m.backOffRenewal(m.good, key)
		m.backOffRenewal(m.refused, key)
	}
	delete(m.calls, key)
	close(c.done)
}

// fetch takes a place and holds a panic: a parser that hostile bytes bring to
// panic ends as ignorance, not as the end of the process.
func (m *memory[K, V]) fetch(ctx context.Context, image provider.Image, fetch fetcher[V]) (value V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = provider.Undecided(provider.CauseInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()), "internal error")
		}
	}()
	if fetch.local != nil {
		if value, ok := fetch.local(ctx); ok {
			return value, nil
		}
	}
	leave, err := m.bg.limit.Enter(ctx, image.Host, image.Repository)
	if err != nil {
		return value, err
	}
	defer leave()
	began := time.Now()
	value, err = fetch.remote(ctx)
	m.bg.took(m.name, time.Since(began))
	if err != nil && ctx.Err() != nil {
		err = provider.Undecided(provider.CauseDeadline, err, "the check took too long")
	}
	return value, err
}

// remember keeps a settled value in its place, and only there.
func (m *memory[K, V]) remember(key K, value V) {
	made := time.Now() // before settle reads the clock, or the entry would outlive Until by what lies between
	keep, refused := m.ttl(value)
	into, other := m.good, m.refused
	if refused {
		into, other = m.refused, m.good
	}
	other.Remove(key)
	forgetLapsed(into, made)
	if into.Add(key, entry[V]{value: m.kept(value), made: made, renew: keep - keep/4, keep: keep}) {
		m.bg.observe(m.name, Evicted)
	}
}

// forgetLapsed drops the entries at the old end that hold no more. Of a flood of refusals nothing is kept for longer than
// the next ones take to come.
func forgetLapsed[K comparable, V any](entries *lru.Cache[K, entry[V]], now time.Time) {
	for {
		_, oldest, any := entries.GetOldest()
		if !any {
			return
		}
		if holds, _ := oldest.holds(now); holds {
			return
		}
		entries.RemoveOldest()
	}
}

// backOffRenewal leaves an entry whose renewal failed alone for a while, half of what
// is left of its life: a registry that is down must not be asked at the rate at
// which its images are.
func (m *memory[K, V]) backOffRenewal(entries *lru.Cache[K, entry[V]], key K) {
	e, ok := entries.Peek(key)
	if !ok {
		return
	}
	now := time.Now()
	if ok, _ := e.holds(now); ok {
		age, _ := e.age(now)
		e.renew = age + (e.keep-age)/2
		entries.Add(key, e)
	}
}
