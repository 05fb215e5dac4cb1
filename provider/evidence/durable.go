package evidence

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"
)

// Storage keeps bytes outside this process. It may be slow, fail, and return anything.
type Storage interface {
	// Read returns what was written under the key. The error wraps [fs.ErrNotExist] if there is nothing.
	Read(key string) ([]byte, error)
	// Write keeps the value, or says why not.
	Write(key string, value []byte) error
}

const (
	readWithin   = 50 * time.Millisecond // what a read may add to the check of an image
	closeWithin  = time.Second           // how long the end of the process waits for writes
	readsAtOnce  = 16                    // a read that hangs keeps its place
	queuedWrites = 64                    // more are dropped
	maxKey       = 1 << 10               // bytes; a name that Image takes is shorter
	// An entry is an envelope in base64 and three descriptors without annotations.
	entryFrame = 8 << 10
)

// EntryBound is the size of the largest entry, in bytes, for envelopes of up to so many.
func EntryBound(envelope int64) int64 { return envelope*4/3 + entryFrame }

// Durable is a [Store] that outlives the process, and is never waited for: a read ends after 50 ms and counts as
// a miss, a write is queued, and a storage that fails again and again is left alone but for an attempt each 2 s.
// A disk that is full can still be read: reads and writes have breakers of their own.
type Durable struct {
	storage       Storage
	most          int64
	log           *slog.Logger
	observe       func(Operation, Outcome)
	reads, writes breaker
	places        chan struct{}
	queue         chan entry
	stop, stopped chan struct{}
}

type entry struct {
	key   string
	value []byte
}

// NewDurable returns a store before the storage. Envelope is the size of the largest envelope, in bytes: larger
// entries are neither written nor returned. Observe is called for each read and each write. Close ends it.
func NewDurable(storage Storage, envelope int64, observe func(Operation, Outcome), log *slog.Logger) *Durable {
	d := &Durable{
		storage: storage, most: EntryBound(envelope), log: log, observe: observe,
		places: make(chan struct{}, readsAtOnce), queue: make(chan entry, queuedWrites),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	d.reads.changed = d.logState("read")
	d.writes.changed = d.logState("write")
	go d.write()
	return d
}

// logState says when the storage fails, and when it is well again. Each error by itself is a debug line.
func (d *Durable) logState(doing string) func(err error) {
	return func(err error) {
		if err != nil {
			d.log.Warn("evidence store failing", "operation", doing, "error", err)
			return
		}
		d.log.Info("evidence store works again", "operation", doing)
	}
}

// Open tells whether an operation is left alone because it failed again and again.
func (d *Durable) Open(operation Operation) bool {
	if operation == Read {
		return d.reads.isOpen()
	}
	return d.writes.isOpen()
}

func (d *Durable) fits(key string, value []byte) bool {
	return len(key) <= maxKey && int64(len(value)) <= d.most
}

// Get implements [Store]. All that goes wrong is a miss.
func (d *Durable) Get(ctx context.Context, key string) ([]byte, bool) {
	if !d.fits(key, nil) || !d.reads.allow() {
		d.observe(Read, Skipped)
		return nil, false
	}
	within, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	value, err := d.read(within, key)
	d.observe(Read, outcome(err))
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		d.reads.note(nil)
	case ctx.Err() == nil: // else it is the caller that ended it
		d.reads.note(err)
		d.log.DebugContext(ctx, "evidence not read", "error", err)
	}
	return value, err == nil && d.fits(key, value)
}

// read leaves a read that hangs behind, as one of a file system cannot be cancelled.
func (d *Durable) read(ctx context.Context, key string) ([]byte, error) {
	select {
	case d.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type result struct {
		value []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-d.places }()
		value, err := d.storage.Read(key)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Put implements [Store]. The value is written soon, or dropped.
func (d *Durable) Put(ctx context.Context, key string, value []byte) {
	if !d.fits(key, value) {
		return
	}
	select {
	case d.queue <- entry{key, value}:
	default:
		d.observe(Write, Skipped)
		d.log.DebugContext(ctx, "evidence not written", "error", "too many writes are queued")
	}
}

// write writes what is queued until Close, one after the other.
func (d *Durable) write() {
	defer close(d.stopped)
	for {
		select {
		case e := <-d.queue:
			d.writeOne(e)
			continue
		default:
		}
		select {
		case e := <-d.queue:
			d.writeOne(e)
		case <-d.stop:
			return
		}
	}
}

func (d *Durable) writeOne(e entry) {
	if !d.writes.allow() {
		d.observe(Write, Skipped)
		return
	}
	err := d.storage.Write(e.key, e.value)
	d.observe(Write, outcome(err))
	d.writes.note(err)
	if err != nil {
		d.log.Debug("evidence not written", "error", err)
	}
}

// Close waits a second at most for what is queued to be written. It must be called once.
func (d *Durable) Close() {
	close(d.stop)
	select {
	case <-d.stopped:
	case <-time.After(closeWithin):
		d.log.Warn("evidence store did not end", "waited", closeWithin)
	}
}
