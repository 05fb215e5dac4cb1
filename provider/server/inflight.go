package server

import "sync"

// inflight counts the requests in flight, and can be closed for good. A WaitGroup alone
// does not suffice: Add must not be called from zero while Wait waits.
type inflight struct {
	mu       sync.Mutex
	closed   bool
	requests sync.WaitGroup
}

// enter counts a request, or is false after close; if it is true, requests.Done must follow.
func (f *inflight) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.requests.Add(1)
	return true
}

// close lets no more requests enter, and returns when all have left.
func (f *inflight) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.requests.Wait()
}
