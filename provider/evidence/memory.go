package evidence

import (
	"context"
	"math"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// entryOverhead is what an entry takes beside its key and its value, about: its places in two lists and two maps.
const entryOverhead = 400

// noCount is no bound on the number of entries: Memory counts bytes.
const noCount = math.MaxInt

// Memory is a Store in this process, bounded in bytes: the least recently used entry makes room. A repository has an eighth
// of it at most, so that a user who may push to one repository cannot evict the evidence of others.
type Memory struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, held]
	shares  map[string]*share // by repository
	bytes   int64
	bound   int64
}

type held struct {
	value []byte
	size  int64  // with the key and the overhead
	of    *share // the one that it is part of
}

// share is what one repository holds, the least recently used key first.
type share struct {
	keys  *simplelru.LRU[string, struct{}]
	bytes int64
}

// NewMemory returns an empty memory of at most bound bytes.
func NewMemory(bound int64) (*Memory, error) {
	m := &Memory{bound: bound, shares: map[string]*share{}}
	entries, err := simplelru.NewLRU(noCount, m.forget)
	m.entries = entries
	return m, err
}

// Resize sets the bound in bytes. What is beyond a smaller one is dropped, the least recently
// used first.
func (m *Memory) Resize(bound int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bound = bound
	for _, own := range m.shares {
		m.trim(own)
	}
	for m.bytes > m.bound {
		m.entries.RemoveOldest()
	}
}

// repositoryOf is the part of a key before the digest.
func repositoryOf(key string) string {
	repository, _, _ := strings.Cut(key, "@")
	return repository
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.entries.Get(key)
	if ok {
		found.of.keys.Get(key)
	}
	return found.value, ok
}

// Put implements Store. A value that would take a sixteenth of the memory alone is not
// kept: one image must not push out the rest.
func (m *Memory) Put(_ context.Context, key string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := int64(len(key) + len(value) + entryOverhead)
	if size > m.bound/16 {
		return
	}
	m.entries.Remove(key)
	repository := repositoryOf(key)
	own, ok := m.shares[repository]
	if !ok {
		keys, err := simplelru.NewLRU[string, struct{}](noCount, nil)
		if err != nil {
			panic(err) // of a size that is not positive
		}
		own = &share{keys: keys}
		m.shares[repository] = own
	}
	own.keys.Add(key, struct{}{})
	own.bytes += size
	m.bytes += size
	m.entries.Add(key, held{value, size, own})
	m.trim(own)
	for m.bytes > m.bound {
		m.entries.RemoveOldest()
	}
}

// trim drops what a repository has beyond its part of the memory.
func (m *Memory) trim(own *share) {
	for own.bytes > m.bound/8 {
		oldest, _, _ := own.keys.GetOldest()
		m.entries.Remove(oldest)
	}
}

// forget counts an entry that left.
func (m *Memory) forget(key string, left held) {
	left.of.keys.Remove(key)
	left.of.bytes -= left.size
	m.bytes -= left.size
	if left.of.bytes == 0 {
		delete(m.shares, repositoryOf(key))
	}
}

// Load tells how many entries are kept, and how many bytes of how many.
func (m *Memory) Load() (entries int, bytes, bound int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries.Len(), m.bytes, m.bound
}

// Bytes tells how much is kept.
func (m *Memory) Bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}
