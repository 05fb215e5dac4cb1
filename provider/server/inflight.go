package server

import "sync"

// inflight counts who is inside, and can be closed for good. A bare WaitGroup will
// not do: it must not be entered by the first while somebody waits.
type inflight struct {
	mu       sync.Mutex
	closed   bool
	requests sync.WaitGroup
}

// enter tells whether the gate was open; if so, leave must follow.
func (f *inflight) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.requests.Add(1)
	return true
}

func (f *inflight) leave() { f.requests.Done() }

// close lets nobody in any more and returns when everybody has left.
func (f *inflight) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.requests.Wait()
}
