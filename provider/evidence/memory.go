package evidence

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// entryOverhead is what an entry takes beside its key and its value, about.
const entryOverhead = 200

// Memory is a Store in this process, bounded in bytes: what was used longest ago
// makes room.
type Memory struct {
	mu      sync.Mutex
	entries *simplelru.LRU[string, []byte]
	bytes   int64
	bound   int64
}

// NewMemory returns an empty memory of at most bound bytes.
func NewMemory(bound int64) (*Memory, error) {
	m := &Memory{bound: bound}
	// The bound in bytes is the one that counts; entries are at least their overhead.
	most := max(1, int(bound/entryOverhead))
	entries, err := simplelru.NewLRU(most, func(key string, value []byte) { m.bytes -= size(key, value) })
	m.entries = entries
	return m, err
}

func size(key string, value []byte) int64 { return int64(len(key) + len(value) + entryOverhead) }

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries.Get(key)
}

// Put implements Store. A value that would take a sixteenth of the memory alone is not
// kept: one image must not push out the rest.
func (m *Memory) Put(_ context.Context, key string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if size(key, value) > m.bound/16 {
		return
	}
	m.entries.Remove(key)
	m.bytes += size(key, value)
	m.entries.Add(key, value)
	for m.bytes > m.bound {
		m.entries.RemoveOldest()
	}
}

// Bytes tells how much is kept.
func (m *Memory) Bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}
