package cache

import (
	"context"
	"sync"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// reserved is how many places of a [Limiter] are kept for each named registry, if half of all places are enough for that.
const reserved = 2

// LimiterOptions are what [NewLimiter] needs.
type LimiterOptions struct {
	// Concurrent bounds the checks under way.
	Concurrent int
	// PerRegistry bounds those of one registry.
	PerRegistry int
	// Queue bounds the checks that wait. A registry may have as much of it as it may have of the places, in proportion.
	Queue int
	// Named are the hosts with places of their own. All others count as one: a client who names images can name another
	// host, or another port, for every place there is.
	Named []string
}

// Limiter bounds the checks that use the network, and shares the places. Each named registry has some in reserve, so
// that no number of slow registries takes all. Within a registry, repositories take turns, so that a flood of images of one
// does not keep the others' waiting. Answers from memory need no place.
type Limiter struct {
	mu       sync.Mutex
	options  LimiterOptions
	reserve  int             // places kept for each named host
	perHost  int             // how many one host may have, running and waiting
	named    map[string]bool // hosts
	running  int
	waiting  int
	hosts    map[string]*hostPlaces
	rotation []string // the hosts with checks that wait, the next turn first
}

// hostPlaces are the places that one host has taken, and the checks that wait for one.
type hostPlaces struct {
	running, waiting int
	repositories     map[string][]*waiter
	rotation         []string // the repositories with checks that wait, the next turn first
}

// waiter is a check that waits for its place (nil) or an error.
type waiter struct{ granted chan error }

// NewLimiter returns a limiter with all places free.
func NewLimiter(o LimiterOptions) *Limiter {
	l := &Limiter{hosts: map[string]*hostPlaces{}}
	l.Configure(o)
	return l
}

// Configure puts other options in force. Checks that run or wait keep their places: where there
// are more than the new options allow, the next ones wait for longer.
func (l *Limiter) Configure(o LimiterOptions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.options, l.named = o, map[string]bool{}
	l.perHost = o.PerRegistry + o.Queue*o.PerRegistry/o.Concurrent
	for _, host := range o.Named {
		l.named[host] = true
	}
	l.reserve = min(reserved, o.PerRegistry, o.Concurrent/(2*max(1, len(l.named))))
	l.grant()
}

// Enter waits for a place for a check of a repository at a host, and returns what gives it back. It fails with a
// provider.UndecidedError: overload at once if too many wait already, deadline if ctx ends first.
func (l *Limiter) Enter(ctx context.Context, host, repository string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, tooLate(err)
	}
	host, w, err := l.take(host, repository)
	if w != nil {
		select {
		case err = <-w.granted:
		case <-ctx.Done():
			err = l.dequeue(ctx, host, repository, w)
		}
	}
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.release(host)
	}), nil
}

// Load tells how many checks run and how many wait.
func (l *Limiter) Load() (running, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running, l.waiting
}

// take gives a check a place if one is free, or else queues it as w. It counts by the host that is returned: its own if that
// is named, else the one of all others.
func (l *Limiter) take(host, repository string) (counted string, w *waiter, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.named[host] {
		host = ""
	}
	h := l.hosts[host]
	if h == nil {
		h = &hostPlaces{repositories: map[string][]*waiter{}}
		l.hosts[host] = h
	}
	if h.waiting == 0 && l.mayRun(host) { // those that wait may not run, or they would
		h.running++
		l.running++
		return host, nil, nil
	}
	w, err = l.queue(host, repository)
	return host, w, err
}

// mayRun tells whether a host may have one more place: its own, or one that is kept for no other.
func (l *Limiter) mayRun(name string) bool {
	h := l.hosts[name]
	if h.running >= l.options.PerRegistry || l.running >= l.options.Concurrent {
		return false
	}
	kept := 0
	for named := range l.named {
		if other := l.hosts[named]; named != name && other != nil {
			kept += max(0, l.reserve-other.running)
		} else if named != name {
			kept += l.reserve
		}
	}
	return l.running+kept < l.options.Concurrent
}

func tooLate(err error) error {
	return provider.Undecided(provider.CauseDeadline, err, "too many checks of this registry are under way")
}

// release gives a place back, and grants it to the next check.
func (l *Limiter) release(host string) {
	l.hosts[host].running--
	l.running--
	l.forget(host)
	if l.waiting > 0 {
		l.grant()
	}
}

// forget drops a host that has no checks: users name hosts, so there may be any number.
func (l *Limiter) forget(host string) {
	if h := l.hosts[host]; h.running == 0 && h.waiting == 0 {
		delete(l.hosts, host)
	}
}
