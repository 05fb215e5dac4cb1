package cache

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Settings are what of a cache can change while it is in use.
type Settings struct {
	// Entries bounds each memory: so many verified, and as many refused. At least one.
	Entries int
	// Verified, Refused and Tags are how long each kind of answer is kept.
	Verified, Refused, Tags time.Duration
	// VerifyWithin bounds one fetch, also when its callers have gone.
	VerifyWithin time.Duration
}

// Configure puts other settings in force. What is kept stays, for no longer than the new times
// allow, and the least recently used entries make room where there are fewer. A fetch that is
// under way keeps its deadline.
func (c *Cache) Configure(s Settings) {
	c.settings.Store(&s)
	c.tags.bound(s.Entries, s.Tags, s.Refused)
	c.verdicts.bound(s.Entries, s.Verified, s.Refused)
}

// bound has what is kept hold to other limits. An entry that was made by the old ones is in the
// memory by now, and one that is made later reads the new ones: both take the lock.
func (m *memory[K, V]) bound(entries int, good, refused time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.good.Resize(entries)
	m.refused.Resize(entries)
	shorten(m.good, good)
	shorten(m.refused, refused)
}

// shorten has no entry hold for longer than keep, from when it was made.
func shorten[K comparable, V any](entries *lru.Cache[K, entry[V]], keep time.Duration) {
	for _, key := range entries.Keys() { // the oldest first, so that their order stays
		e, ok := entries.Peek(key)
		if ok && e.keep > keep {
			e.keep, e.renew = keep, min(e.renew, keep-keep/4)
		}
		if ok {
			entries.Add(key, e)
		}
	}
}
