package evidence_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
)

func newMemory(t *testing.T, bound int64) *evidence.Memory {
	t.Helper()
	memory, err := evidence.NewMemory(bound)
	if err != nil {
		t.Fatal(err)
	}
	return memory
}

// overhead is what an entry counts for beside its bytes.
func overhead(t *testing.T) int64 {
	t.Helper()
	memory := newMemory(t, 1<<20)
	memory.Put(t.Context(), "", nil)
	if memory.Bytes() <= 0 {
		t.Fatal("an entry of nothing counts for nothing: so many may be kept")
	}
	return memory.Bytes()
}

// model is the rule, said without a library: the last used last.
type model struct {
	overhead, bound int64
	entries         []struct {
		key   string
		value []byte
	}
}

func (m *model) find(key string) int {
	return slices.IndexFunc(m.entries, func(e struct {
		key   string
		value []byte
	}) bool {
		return e.key == key
	})
}

func (m *model) get(key string) ([]byte, bool) {
	i := m.find(key)
	if i < 0 {
		return nil, false
	}
	e := m.entries[i]
	m.entries = append(slices.Delete(m.entries, i, i+1), e)
	return e.value, true
}

func (m *model) put(key string, value []byte) {
	if int64(len(key)+len(value))+m.overhead > m.bound/16 {
		return
	}
	if i := m.find(key); i >= 0 {
		m.entries = slices.Delete(m.entries, i, i+1)
	}
	m.entries = append(m.entries, struct {
		key   string
		value []byte
	}{key, value})
	for m.bytes() > m.bound {
		m.entries = m.entries[1:]
	}
}

func (m *model) bytes() (sum int64) {
	for _, e := range m.entries {
		sum += int64(len(e.key)+len(e.value)) + m.overhead
	}
	return sum
}

// The memory holds its bound and forgets the least recently used.
func TestMemoryEvictsTheLeastRecentlyUsed(t *testing.T) {
	each := overhead(t)
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 4))
		bound := 1 + random.Int64N(60_000)
		memory, want := newMemory(t, bound), &model{overhead: each, bound: bound}
		var evicted, refused bool
		for step := range 1500 {
			key := fmt.Sprint(random.IntN(80))
			if random.IntN(3) == 0 {
				got, ok := memory.Get(t.Context(), key)
				value, known := want.get(key)
				if ok != known || !bytes.Equal(got, value) {
					t.Fatalf("seed %d, step %d: %s is %d bytes, %t; want %d bytes, %t", seed, step, key, len(got), ok, len(value), known)
				}
			} else {
				value, before := make([]byte, random.Int64N(bound/12+1)), len(want.entries)
				memory.Put(t.Context(), key, value)
				want.put(key, value)
				refused = refused || int64(len(value))+each > bound/16
				evicted = evicted || len(want.entries) < before
			}
			if got := memory.Bytes(); got > bound || got != want.bytes() {
				t.Fatalf("seed %d, step %d: %d bytes of at most %d; there are %d", seed, step, got, bound, want.bytes())
			}
		}
		if bound > 20_000 && (!evicted || !refused) {
			t.Errorf("seed %d with %d bytes tries little: evicted %t, refused %t", seed, bound, evicted, refused)
		}
	}
}

func TestTheLeastRecentlyUsedGoesFirst(t *testing.T) {
	memory := newMemory(t, 20*(overhead(t)+101))
	for i := range 20 {
		memory.Put(t.Context(), string(rune('a'+i)), make([]byte, 100))
	}
	memory.Get(t.Context(), "a")
	memory.Put(t.Context(), "b", make([]byte, 100))
	memory.Put(t.Context(), "z", make([]byte, 100))
	for _, tc := range []struct {
		key  string
		want bool
	}{{"a", true}, {"b", true}, {"c", false}, {"d", true}, {"t", true}, {"z", true}} {
		if _, ok := memory.Get(t.Context(), tc.key); ok != tc.want {
			t.Errorf("%s is kept: %t, want %t", tc.key, ok, tc.want)
		}
	}
}

func TestOneHugeValuePushesOutNothingAndIsNotKept(t *testing.T) {
	memory := newMemory(t, 1<<20)
	memory.Put(t.Context(), "small", []byte("value"))
	before := memory.Bytes()
	for _, size := range []int{1<<16 - 100, 1 << 16, 1 << 20, 4 << 20} {
		memory.Put(t.Context(), "huge", make([]byte, size))
		if _, ok := memory.Get(t.Context(), "huge"); ok || memory.Bytes() != before {
			t.Errorf("a value of %d bytes is kept: %t; %d bytes, before %d", size, ok, memory.Bytes(), before)
		}
	}
	memory.Put(t.Context(), string(make([]byte, 1<<20)), nil)
	if memory.Bytes() != before {
		t.Error("a huge key is kept")
	}
	if _, ok := memory.Get(t.Context(), "small"); !ok {
		t.Error("the small one was pushed out")
	}
}

func TestReplacingLeaksNoByte(t *testing.T) {
	memory := newMemory(t, 1<<20)
	memory.Put(t.Context(), "key", make([]byte, 1000))
	want := memory.Bytes()
	for i := range 5000 {
		memory.Put(t.Context(), "key", make([]byte, i%10*1000))
	}
	memory.Put(t.Context(), "key", make([]byte, 1000))
	if got := memory.Bytes(); got != want {
		t.Errorf("%d bytes after 5,000 replacements, %d before", got, want)
	}
	if value, ok := memory.Get(t.Context(), "key"); !ok || len(value) != 1000 {
		t.Errorf("%d bytes, %t", len(value), ok)
	}
}

func TestAMemoryWithoutRoomKeepsNothing(t *testing.T) {
	for _, bound := range []int64{-1 << 40, -1, 0, 1, 100} {
		memory := newMemory(t, bound)
		memory.Put(t.Context(), "key", []byte("value"))
		if _, ok := memory.Get(t.Context(), "key"); ok || memory.Bytes() != 0 {
			t.Errorf("with room for %d bytes something is kept", bound)
		}
	}
}

// The bound is what an operator gives the process: small entries must not take many times what they count for.
func TestWhatIsCountedIsWhatIsTaken(t *testing.T) {
	const bound = 8 << 20
	for _, size := range []int{0, 100, 8000} {
		before := heap()
		memory := newMemory(t, bound)
		for i := range 2 * bound / (size + 100) {
			memory.Put(t.Context(), fmt.Sprintf("in.example/team/app%02d@sha256:%064d", i%50, i), make([]byte, size))
		}
		taken := heap() - before
		if counted := memory.Bytes(); counted < bound*9/10 || taken > 3*bound/2 {
			t.Errorf("values of %d bytes: %d KiB counted, %d KiB taken, of %d", size, counted>>10, taken>>10, bound>>10)
		}
		runtime.KeepAlive(memory)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Any number of images of one repository take an eighth of the memory, and nothing from those of others.
func TestRepositoryHasAShare(t *testing.T) {
	memory := newMemory(t, 1<<20)
	for i := range 20 {
		memory.Put(t.Context(), fmt.Sprintf("registry/%d@sha256:1", i), make([]byte, 1000))
	}
	before := memory.Bytes()
	for i := range 500 {
		memory.Put(t.Context(), fmt.Sprintf("registry/greedy@sha256:%d", i), make([]byte, 30_000))
	}
	if grown := memory.Bytes() - before; grown > 1<<17 || grown < 1<<16 {
		t.Errorf("one repository holds %d bytes of %d", grown, 1<<20)
	}
	for i := range 20 {
		if _, ok := memory.Get(t.Context(), fmt.Sprintf("registry/%d@sha256:1", i)); !ok {
			t.Errorf("entry %d of another repository was forgotten", i)
		}
	}
	if _, ok := memory.Get(t.Context(), "registry/greedy@sha256:499"); !ok {
		t.Error("the newest entry of the repository was forgotten")
	}
}

// A smaller memory keeps what was used last, and a larger one has room again.
func TestAMemoryCanBeResized(t *testing.T) {
	const value, n = 1000, 60
	memory := newMemory(t, 1<<20)
	for i := range n {
		memory.Put(t.Context(), fmt.Sprintf("r%d@d", i), make([]byte, value))
	}
	memory.Get(t.Context(), "r0@d")
	bound := memory.Bytes() / 2
	memory.Resize(bound)
	if memory.Bytes() > bound || memory.Bytes() < bound/2 {
		t.Errorf("%d bytes are kept; want up to %d", memory.Bytes(), bound)
	}
	for _, tc := range []struct {
		key  string
		want bool
	}{{"r0@d", true}, {fmt.Sprintf("r%d@d", n-1), true}, {"r1@d", false}} {
		if _, ok := memory.Get(t.Context(), tc.key); ok != tc.want {
			t.Errorf("%s is kept: %t", tc.key, ok)
		}
	}
	memory.Resize(1 << 20)
	for i := range n {
		memory.Put(t.Context(), fmt.Sprintf("r%d@d", i), make([]byte, value))
	}
	if memory.Bytes() < 2*bound*9/10 {
		t.Errorf("%d bytes are kept in a large memory", memory.Bytes())
	}
}

// Load tells entries, bytes and the bound in force.
func TestLoadOfMemory(t *testing.T) {
	memory, err := evidence.NewMemory(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	memory.Put(t.Context(), "a@sha256:1", []byte("x"))
	memory.Put(t.Context(), "b@sha256:2", []byte("x"))
	memory.Resize(2 << 20)
	if entries, bytes, bound := memory.Load(); entries != 2 || bytes != memory.Bytes() || bound != 2<<20 {
		t.Errorf("load is %d entries, %d bytes of %d", entries, bytes, bound)
	}
}
