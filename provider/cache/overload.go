package cache

import "gitlab.com/ska-telescope/notation-provider/provider"

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
