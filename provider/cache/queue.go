package cache

import (
	"context"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// queue has a check wait for its turn, if there is room.
func (l *Limiter) queue(host, repository string) (*waiter, error) {
	if err := l.makeRoom(host, repository); err != nil {
		l.forget(host)
		return nil, err
	}
	h, w := l.hosts[host], &waiter{make(chan error, 1)}
	if len(h.repositories[repository]) == 0 {
		h.rotation = append(h.rotation, repository)
	}
	if h.waiting == 0 {
		l.rotation = append(l.rotation, host)
	}
	h.repositories[repository] = append(h.repositories[repository], w)
	h.waiting++
	l.waiting++
	return w, nil
}

// grant gives free places to hosts in turn, and within a host to repositories in turn.
func (l *Limiter) grant() {
	for {
		i := slices.IndexFunc(l.rotation, l.mayRun)
		if i < 0 {
			return
		}
		name := l.rotation[i]
		h := l.hosts[name]
		repository := h.rotation[0]
		w := h.repositories[repository][0]
		l.remove(name, repository, w)
		if len(h.repositories[repository]) > 0 { // to the end of the line
			h.rotation = append(without(h.rotation, repository), repository)
		}
		if h.waiting > 0 {
			l.rotation = append(without(l.rotation, name), name)
		}
		h.running++
		l.running++
		w.granted <- nil
	}
}

// remove takes a waiter out of the queue.
func (l *Limiter) remove(host, repository string, w *waiter) {
	h := l.hosts[host]
	h.repositories[repository] = without(h.repositories[repository], w)
	h.waiting--
	l.waiting--
	if len(h.repositories[repository]) == 0 {
		delete(h.repositories, repository)
		h.rotation = without(h.rotation, repository)
	}
	if h.waiting == 0 {
		l.rotation = without(l.rotation, host)
	}
}

// without removes a value from a list.
func without[T comparable](list []T, value T) []T {
	return slices.DeleteFunc(list, func(v T) bool { return v == value })
}

// dequeue ends a wait whose deadline has passed. A place that was granted meanwhile is given back.
func (l *Limiter) dequeue(ctx context.Context, host, repository string, w *waiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case err := <-w.granted:
		if err != nil {
			return err
		}
		l.release(host)
	default:
		l.remove(host, repository, w)
		l.forget(host)
	}
	return tooLate(ctx.Err())
}

// makeRoom says why a check may not queue. Where there is no room, the check that came last gives up its place: of the host
// that has most waiting, or within one host of the repository that has most waiting, if the new check's has fewer.
func (l *Limiter) makeRoom(host, repository string) error {
	h := l.hosts[host]
	full, crowded := l.waiting >= l.options.Queue, h.running+h.waiting >= l.perHost
	if !full && !crowded {
		return nil
	}
	from := host
	if longest := l.longest(); !crowded && l.hosts[longest] != nil && l.hosts[longest].waiting > h.waiting+1 {
		from = longest
	}
	largest := l.hosts[from].longest()
	waiters := l.hosts[from].repositories[largest]
	if from == host && len(waiters) <= len(h.repositories[repository])+1 {
		return overload(!crowded)
	}
	last := waiters[len(waiters)-1]
	l.remove(from, largest, last)
	last.granted <- overload(!crowded)
	return nil
}

func overload(full bool) error {
	if full {
		return provider.Undecided(provider.CauseOverload, nil, "too many checks are waiting")
	}
	return provider.Undecided(provider.CauseOverload, nil, "too many checks of this registry are waiting")
}

// longest is the host that has most waiting.
func (l *Limiter) longest() (longest string) {
	for _, name := range l.rotation {
		if h := l.hosts[longest]; h == nil || l.hosts[name].waiting > h.waiting {
			longest = name
		}
	}
	return longest
}

// longest is the repository that has most waiting.
func (h *hostPlaces) longest() (longest string) {
	for _, name := range h.rotation {
		if len(h.repositories[name]) > len(h.repositories[longest]) {
			longest = name
		}
	}
	return longest
}
