package logging

import (
	"io"
	"sync"
	"time"
)

// Queue is an [io.Writer] that takes one line with each Write and never waits. A goroutine
// writes the lines on, in their order. It is safe for use by many goroutines.
type Queue struct {
	to    io.Writer
	limit int
	note  func(to io.Writer, dropped int)
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	changed *sync.Cond
	lines   [][]byte
	bytes   int // of lines, and of the line that is being written
	missing int // lines that were dropped and that no note has told of
	dropped uint64
	closed  bool
}

// NewQueue returns a queue that writes to to, and keeps at most limit bytes that are not
// written yet. When lines were dropped and there is room again, note writes how many; nil
// is fine. Close the queue to end its goroutine.
func NewQueue(to io.Writer, limit int, note func(to io.Writer, dropped int)) *Queue {
	q := &Queue{to: to, limit: limit, note: note, done: make(chan struct{})}
	q.changed = sync.NewCond(&q.mu)
	if note == nil {
		q.note = func(io.Writer, int) {}
	}
	go q.run()
	return q
}

// Write takes a line, or drops it where there is no room. It never fails: there is
// nothing to be done about a log that cannot be written.
func (q *Queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.bytes+len(line) > q.limit {
		q.missing++
		q.dropped++
		return len(line), nil
	}
	q.lines = append(q.lines, append([]byte(nil), line...))
	q.bytes += len(line)
	q.changed.Signal()
	return len(line), nil
}

// Dropped is how many lines were dropped so far, or could not be written.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Close takes no more lines, and waits until those that were taken are written, for so
// long at most. It tells whether they all are. If they are not, the goroutine still waits
// for the writer: nothing but the end of the process can end that.
func (q *Queue) Close(within time.Duration) bool {
	q.mu.Lock()
	q.closed = true
	q.changed.Signal()
	q.mu.Unlock()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-q.done:
		return true
	case <-late.C:
		return false
	}
}

// run writes lines until the queue is closed and empty.
func (q *Queue) run() {
	defer close(q.done)
	for {
		line, missing, ok := q.next()
		if missing > 0 {
			q.tell(missing)
		}
		if !ok {
			return
		}
		_, err := q.to.Write(line)
		q.wrote(len(line), err)
	}
}

// next waits for a line, and takes it out. It also takes how many lines are missing, once the queue
// has drained by half. Else every second line of a flood would tell of it. It is false when the
// queue is closed and empty.
func (q *Queue) next() (line []byte, missing int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.lines) == 0 && !q.closed {
		q.changed.Wait()
	}
	if q.bytes <= q.limit/2 {
		missing, q.missing = q.missing, 0
	}
	if len(q.lines) == 0 {
		return nil, missing, false
	}
	line, q.lines[0] = q.lines[0], nil
	q.lines = q.lines[1:]
	return line, missing, true
}

// tell writes the note. Where that fails, the next note is to tell of these lines too.
func (q *Queue) tell(missing int) {
	to := &failing{Writer: q.to}
	q.note(to, missing)
	if to.failed {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.missing += missing
	}
}

// wrote gives back the room of a line. One that could not be written is missing.
func (q *Queue) wrote(bytes int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= bytes
	if err != nil {
		q.missing++
		q.dropped++
	}
}

// failing remembers that a write failed, of which a logger says nothing.
type failing struct {
	io.Writer
	failed bool
}

func (f *failing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	f.failed = f.failed || err != nil
	return n, err
}
