package provider

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Gate bounds the work that goes out to the network: so many at a time over all
// requests, so many for each registry, so many that wait. What is answered from
// memory never comes here.
type Gate struct {
	all         *semaphore.Weighted
	perRegistry int64
	queue       int
	// crowd is how many one registry may have inside and waiting: its share of the
	// queue, so that a registry that hangs does not fill it for all.
	crowd int
	// named are the hosts with places of their own; all others share.
	named map[string]bool

	mu      sync.Mutex
	waiting int
	hosts   map[string]*lane
}

// lane is the part of the gate that one registry may take; users counts who
// holds or awaits a place, so that an idle lane can be dropped.
type lane struct {
	places *semaphore.Weighted
	users  int
}

// NewGate returns a gate with concurrent places, perRegistry of them for any one
// host, and room for queue callers to wait, the same part of it for any one host.
// Hosts that are not named count as one: whoever names images can name another host,
// or another port, for every place there is.
func NewGate(concurrent, perRegistry, queue int, named ...string) *Gate {
	g := &Gate{
		named:       map[string]bool{},
		all:         semaphore.NewWeighted(int64(concurrent)),
		perRegistry: int64(perRegistry),
		queue:       queue,
		crowd:       perRegistry + queue*perRegistry/concurrent,
		hosts:       map[string]*lane{},
	}
	for _, host := range named {
		g.named[host] = true
	}
	return g
}

// Enter waits for a place and returns what gives it back. It fails with an
// UndecidedError: overload at once if too many wait already, deadline if ctx ends first.
func (g *Gate) Enter(ctx context.Context, host string) (leave func(), err error) {
	if !g.named[host] {
		host = ""
	}
	lane, err := g.join(host)
	if err != nil {
		return nil, err
	}
	// First the registry's own place: whoever waits for a slow registry must not
	// hold a place that another registry's images could use.
	if err := lane.places.Acquire(ctx, 1); err != nil {
		g.admitted()
		g.quit(host)
		return nil, Undecided(StageDeadline, err, "too many checks of this registry are under way")
	}
	if err := g.all.Acquire(ctx, 1); err != nil {
		g.admitted()
		lane.places.Release(1)
		g.quit(host)
		return nil, Undecided(StageDeadline, err, "too many checks are under way")
	}
	g.admitted()
	return func() {
		g.all.Release(1)
		lane.places.Release(1)
		g.quit(host)
	}, nil
}

// Load tells how many are inside and how many wait.
func (g *Gate) Load() (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, lane := range g.hosts {
		running += lane.users
	}
	return running - g.waiting, g.waiting
}

// join takes a place in the queue.
func (g *Gate) join(host string) (*lane, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.hosts[host]
	switch {
	case g.waiting >= g.queue:
		return nil, Undecided(StageOverload, nil, "too many checks are waiting; ask again")
	case l == nil:
		l = &lane{places: semaphore.NewWeighted(g.perRegistry)}
		g.hosts[host] = l
	case l.users >= g.crowd:
		return nil, Undecided(StageOverload, nil, "too many checks of this registry are waiting; ask again")
	}
	g.waiting++
	l.users++
	return l, nil
}

// admitted gives back the place in the queue.
func (g *Gate) admitted() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
}

// quit leaves the lane, and drops it behind the last: hosts are named by users.
func (g *Gate) quit(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hosts[host].users--; g.hosts[host].users == 0 {
		delete(g.hosts, host)
	}
}
