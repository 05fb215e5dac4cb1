package revocation

import (
	"bytes"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// listCache keeps accepted lists, by their place and CA. It is bounded in number and in bytes.
type listCache struct {
	mu    sync.Mutex
	kept  *simplelru.LRU[listKey, *bundle]
	bytes int64
}

// listKey is where a list is, and whose it is: two CAs may name one address.
type listKey struct {
	url    string
	issuer string // its subject and public key
}

func newListCache() (*listCache, error) {
	c := &listCache{}
	var err error
	c.kept, err = simplelru.NewLRU(maxLists, func(_ listKey, b *bundle) { c.bytes -= b.size() })
	return c, err
}

// get returns a list that is in date; nil if none is kept.
func (c *listCache) get(key listKey) *bundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.kept.Get(key); ok && b.inDate() {
		return b
	}
	return nil
}

// keep keeps an accepted list and returns the newest one: that, or a later one of the same CA and scope, from any URL. An
// attacker on the network may send an old list, from before a revocation.
func (c *listCache) keep(key listKey, fresh *bundle) *bundle {
	c.mu.Lock()
	defer c.mu.Unlock()
	if newer := c.newer(key, fresh); newer != nil {
		fresh = newer
	}
	c.kept.Remove(key) // which counts what it takes
	c.kept.Add(key, fresh)
	for c.bytes += fresh.size(); c.bytes > maxListsBytes; {
		c.kept.RemoveOldest()
	}
	return fresh
}

// outdated tells whether a list is older than one of the same CA and scope that was accepted before.
func (c *listCache) outdated(key listKey, fresh *bundle) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newer(key, fresh) != nil
}

// newer returns the latest list of the same CA and scope that a list does not supersede; nil if there is none. The caller
// holds the lock.
func (c *listCache) newer(key listKey, than *bundle) (newest *bundle) {
	for _, other := range c.kept.Keys() {
		kept, ok := c.kept.Peek(other)
		if ok && other.issuer == key.issuer && kept.inDate() && bytes.Equal(kept.base.idp, than.base.idp) && !than.supersedes(kept) {
			newest, than = kept, kept
		}
	}
	return newest
}
