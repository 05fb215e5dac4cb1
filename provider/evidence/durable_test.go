package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
)

const envelope = 128 << 10

// disk is a storage that a test may break.
type disk struct {
	mu            sync.Mutex
	entries       map[string][]byte
	reads, writes int
	readError     error
	writeError    error
	hang          chan struct{} // reads and writes wait until it is closed; nil: they do not
}

func newDisk() *disk { return &disk{entries: map[string][]byte{}} }

func (d *disk) Read(key string) ([]byte, error) {
	d.mu.Lock()
	d.reads++
	value, ok := d.entries[key]
	err, hang := d.readError, d.hang
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	return value, err
}

func (d *disk) Write(key string, value []byte) error {
	d.mu.Lock()
	d.writes++
	err, hang := d.writeError, d.hang
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.entries[key] = value
	}
	return err
}

func (d *disk) counts() (reads, writes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reads, d.writes
}

// durable calls f with a store before the disk, in a bubble, and ends it.
func durable(t *testing.T, d *disk, f func(t *testing.T, store *evidence.Durable)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := evidence.NewDurable(d, envelope, unobserved, slog.New(slog.DiscardHandler))
		f(t, store)
		store.Close()
	})
}

func TestWritesAreReadAndFinishedAtTheEnd(t *testing.T) {
	d := newDisk()
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		store.Put(t.Context(), "a@1", []byte("one"))
		synctest.Wait()
		if value, ok := store.Get(t.Context(), "a@1"); !ok || string(value) != "one" {
			t.Errorf("got %q, %t", value, ok)
		}
		if _, ok := store.Get(t.Context(), "a@2"); ok {
			t.Error("got what was not written")
		}
		for _, key := range []string{"b@1", "b@2", "b@3"} {
			store.Put(t.Context(), key, []byte("two"))
		}
	})
	if len(d.entries) != 4 {
		t.Errorf("%d entries after the end, want 4", len(d.entries))
	}
}

// A read that hangs is a miss after 50 ms, and soon no request waits at all.
func TestHungReadsHoldUpLittle(t *testing.T) {
	d := newDisk()
	d.entries["a@1"] = []byte("one")
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		d.hang = make(chan struct{})
		begin := time.Now()
		for range 5 {
			if _, ok := store.Get(t.Context(), "a@1"); ok {
				t.Error("a read that hangs is a hit")
			}
		}
		if took := time.Since(begin); took != 250*time.Millisecond {
			t.Errorf("five reads took %v, want 250ms", took)
		}
		begin = time.Now()
		for range 1000 {
			store.Get(t.Context(), "a@1")
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("a thousand reads of a storage that hangs took %v, want none", took)
		}
		close(d.hang)
		time.Sleep(2 * time.Second)
		for range 2 {
			if _, ok := store.Get(t.Context(), "a@1"); !ok {
				t.Error("a storage that works again is not read")
			}
		}
	})
}

// Reads that hang forever are bounded in number, however long it lasts.
func TestHungReadsAreBounded(t *testing.T) {
	d := newDisk()
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		d.hang = make(chan struct{})
		for range 1000 {
			store.Get(t.Context(), "a@1")
			time.Sleep(time.Second)
		}
		if reads, _ := d.counts(); reads != 16 {
			t.Errorf("%d reads hang, want 16", reads)
		}
		close(d.hang)
	})
}

// The log says once that a storage fails, and why, and once that it works again.
func TestStateOfTheStoreIsLogged(t *testing.T) {
	d, logged := newDisk(), &bytes.Buffer{}
	synctest.Test(t, func(t *testing.T) {
		store := evidence.NewDurable(d, envelope, unobserved, slog.New(slog.NewTextHandler(logged, nil)))
		defer store.Close()
		d.readError = errors.New("permission denied")
		for range 20 {
			store.Get(t.Context(), "a@1")
			time.Sleep(time.Second)
		}
		d.readError = nil
		for range 20 {
			store.Get(t.Context(), "a@1")
			time.Sleep(time.Second)
		}
	})
	text := logged.String()
	failing := `level=WARN msg="evidence store failing" operation=read error="permission denied"`
	if strings.Count(text, failing) != 1 || strings.Count(text, `msg="evidence store works again" operation=read`) != 1 || strings.Count(text, "\n") != 2 {
		t.Errorf("logged\n%s", text)
	}
}

func TestFailingReadsAreLeftAlone(t *testing.T) {
	d := newDisk()
	d.readError = errors.New("input/output error")
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		for range 1000 { // 10 s
			store.Get(t.Context(), "a@1")
			time.Sleep(10 * time.Millisecond)
		}
		if reads, _ := d.counts(); reads < 8 || reads > 11 {
			t.Errorf("%d reads in 10 s, want 5 and one each 2 s", reads)
		}
	})
}

// What is not there is no failure.
func TestMissesOpenNoBreaker(t *testing.T) {
	d := newDisk()
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		for range 100 {
			store.Get(t.Context(), "a@1")
		}
		if reads, _ := d.counts(); reads != 100 {
			t.Errorf("%d reads, want 100", reads)
		}
	})
}

func TestCallersWhoLeaveOpenNoBreaker(t *testing.T) {
	d := newDisk()
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		d.entries["a@1"], d.hang = []byte("one"), make(chan struct{})
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			store.Get(ctx, "a@1")
			cancel()
		}
		close(d.hang)
		synctest.Wait()
		if _, ok := store.Get(t.Context(), "a@1"); !ok {
			t.Error("callers who left count as failures of the storage")
		}
	})
}

// A full disk takes no writes, and is read like before.
func TestFullDiskIsRead(t *testing.T) {
	d := newDisk()
	d.entries["a@1"], d.writeError = []byte("one"), errors.New("no space left on device")
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		for range 100 {
			store.Put(t.Context(), "a@2", []byte("two"))
			synctest.Wait()
			if _, ok := store.Get(t.Context(), "a@1"); !ok {
				t.Fatal("a full disk is not read")
			}
		}
		if _, writes := d.counts(); writes != 5 {
			t.Errorf("%d writes to a full disk at once, want 5", writes)
		}
		d.writeError = nil
		time.Sleep(2 * time.Second)
		store.Put(t.Context(), "a@2", []byte("two"))
		synctest.Wait()
		if _, ok := store.Get(t.Context(), "a@2"); !ok {
			t.Error("a disk with room again is not written")
		}
	})
}

func TestHungWritesHoldUpNothing(t *testing.T) {
	d := newDisk()
	synctest.Test(t, func(t *testing.T) {
		d.hang = make(chan struct{})
		store := evidence.NewDurable(d, envelope, unobserved, slog.New(slog.DiscardHandler))
		begin := time.Now()
		for range 1000 {
			store.Put(t.Context(), "a@1", []byte("one"))
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("writes took %v", took)
		}
		store.Close()
		if took := time.Since(begin); took != time.Second {
			t.Errorf("the end waited %v, want 1s", took)
		}
		close(d.hang)
	})
	if len(d.entries) != 1 {
		t.Errorf("%d entries", len(d.entries))
	}
}

func TestSizesAreBoundedInAndOut(t *testing.T) {
	d, large := newDisk(), make([]byte, 2*envelope)
	longKey := strings.Repeat("a", 2000) + "@1"
	d.entries["a@1"], d.entries[longKey] = large, []byte("one")
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		for _, key := range []string{"a@1", longKey} {
			if value, ok := store.Get(t.Context(), key); ok {
				t.Errorf("%.5s: got %d bytes", key, len(value))
			}
		}
		store.Put(t.Context(), "a@2", large)
		store.Put(t.Context(), longKey, []byte("two"))
		synctest.Wait()
		if _, writes := d.counts(); writes != 0 {
			t.Errorf("%d entries were written that are too large", writes)
		}
		store.Put(t.Context(), "a@3", make([]byte, envelope*4/3+4000))
		synctest.Wait()
		if _, ok := store.Get(t.Context(), "a@3"); !ok {
			t.Error("the largest envelope is not kept")
		}
	})
}

// both is evidence in memory and in a store behind it, and the events of the store.
func both(t *testing.T, behind evidence.Store) (*evidence.Evidence, *witness) {
	t.Helper()
	w := &witness{}
	return evidence.New(newMemory(t, 1<<20), func(bool) {}).Behind(behind, w.observe), w
}

// A store that hangs makes no image slower whose evidence is in memory.
func TestMemoryIsAskedBeforeTheStore(t *testing.T) {
	d := newDisk()
	durable(t, d, func(t *testing.T, store *evidence.Durable) {
		d.hang = make(chan struct{})
		e, w := both(t, store)
		begin := time.Now()
		e.Keep(t.Context(), image, piece())
		for range 1000 {
			if _, ok := e.Recall(t.Context(), image); !ok {
				t.Fatal("it is not in memory")
			}
		}
		if reads, _ := d.counts(); reads > 0 || *w != (witness{}) || time.Since(begin) != 0 {
			t.Errorf("%d reads, %+v, %v", reads, w, time.Since(begin))
		}
		close(d.hang)
	})
}

// After a restart the store is asked once for each image.
func TestStoreOutlivesTheMemory(t *testing.T) {
	store := newShelf()
	before, _ := both(t, store)
	before.Keep(t.Context(), image, piece())
	after, w := both(t, store)
	for range 10 {
		got, ok := after.Recall(t.Context(), image)
		if !ok || !bytes.Equal(got.Bytes, piece().Bytes) {
			t.Fatalf("recalled %+v, %t", got, ok)
		}
	}
	if *w != (witness{hits: 1}) {
		t.Errorf("told of %+v, want one hit", w)
	}
}

// What a store forged is a miss, takes no room in memory, and is replaced when the registry was asked.
func TestForgedEntriesAreReplaced(t *testing.T) {
	store := newShelf()
	e, w := both(t, store)
	store.Put(t.Context(), image.Repository+"@"+image.Digest.String(), []byte(`{"manifest":{"digest":"`+image.Digest.String()+`"}}`))
	for range 2 {
		if got, ok := e.Recall(t.Context(), image); ok {
			t.Errorf("recalled %+v", got)
		}
	}
	if *w != (witness{misses: 2}) {
		t.Errorf("told of %+v, want two misses", w)
	}
	e.Keep(t.Context(), image, piece())
	if again, _ := both(t, store); again != nil {
		if _, ok := again.Recall(t.Context(), image); !ok {
			t.Error("a forged entry was not replaced")
		}
	}
}

func unobserved(evidence.Operation, evidence.Outcome) {}
