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

// memory keeps settled values of one kind. Concurrent callers of one key share one fetch.
type memory[K comparable, V any] struct {
	name string
	bg   *background
	// ttl says how long a value may be kept from now on (not at all if that is
	// not positive) and whether it is a refusal.
	ttl func(V) (keep time.Duration, refused bool)
	// kept is the part of a value that is remembered.
	kept func(V) V

	// Refusals have a cache of their own: any user can cause refusals, by naming unsigned
	// images, and must not evict verified images by them.
	good, refused *lru.Cache[K, entry[V]]

	mu    sync.Mutex
	calls map[K]*call[V]
}

// call is one fetch that any number of callers wait for; none, where it is a prefetch or
// its callers have gone.
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

// recall returns a value that still holds, and whether it is time to renew it. It observes
// no event: its caller may need more than this value to answer.
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

// prefetch starts the fetch for a value that is needed soon, unless it is known.
func (m *memory[K, V]) prefetch(ctx context.Context, key K, image provider.Image, fetch fetcher[V]) {
	if _, _, ok := m.recall(key); !ok {
		m.join(ctx, key, image, fetch)
	}
}

// underWay tells whether a fetch for key is under way.
func (m *memory[K, V]) underWay(key K) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[key] != nil
}

// fetcher finds out a value, under the call's own context.
type fetcher[V any] struct {
	// local needs no registry, and so no place at the limiter: an image whose evidence is
	// kept must not wait for others whose registry hangs. It may be nil.
	local  func(context.Context) (V, bool)
	remote func(context.Context) (V, error)
}

// get returns a kept value, or waits for it until ctx is done. The fetch runs under its
// own context: a caller that leaves does not fail the others, and a retry finds the value.
func (m *memory[K, V]) get(ctx context.Context, key K, image provider.Image, fetch fetcher[V]) (V, error) {
	if value, stale, ok := m.recall(key); ok {
		m.bg.observe(m.name, Hit)
		if stale {
			m.join(ctx, key, image, fetch)
		}
		return value, nil
	}
	c := m.join(ctx, key, image, fetch)
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
func (m *memory[K, V]) join(request context.Context, key K, image provider.Image, fetch fetcher[V]) *call[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.calls[key]; c != nil {
		return c
	}
	c := &call[V]{done: make(chan struct{})}
	if !m.bg.start(request, func(ctx context.Context) { m.run(ctx, c, key, image, fetch) }) {
		c.err = provider.Undecided(provider.CauseInternal, nil, provider.DetailShuttingDown)
		close(c.done)
		return c
	}
	m.calls[key] = c
	return c
}

// run fetches a value, keeps it if it is settled, and ends the call.
func (m *memory[K, V]) run(ctx context.Context, c *call[V], key K, image provider.Image, fetch fetcher[V]) {
	if m.good.Contains(key) { // even if it has lapsed: it was in use a moment ago
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

// fetch waits for a place, and turns a panic into an error: a parser that panics at hostile
// bytes must leave the image undecided and not end the process.
func (m *memory[K, V]) fetch(ctx context.Context, image provider.Image, fetch fetcher[V]) (value V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = provider.Undecided(provider.CauseInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()), provider.DetailDefect)
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

// remember keeps a settled value, in one of the two caches.
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
