package rig

import (
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// FaultInjector is a handler in front of a server. It logs every request and makes those fail that a fault matches. It is
// safe for concurrent use.
type FaultInjector struct {
	next http.Handler

	mu    sync.Mutex
	rules []*rule // the newest last
	log   []Request
}

// Match says which requests a fault hits. The zero value matches all.
type Match struct {
	// Class of the request. Default: any.
	Class Class

	// Method, such as "GET". Default: any.
	Method string

	// Path is a regular expression that must match somewhere in the URL's path. Default: any.
	Path string

	// Skip lets so many matching requests pass first. Times limits how many then fail. Default: none, no limit.
	Skip, Times int
}

// rule is a fault that has been set.
type rule struct {
	match  Match
	path   *regexp.Regexp
	fault  Fault
	seen   int
	lifted chan struct{}
}

// Inject makes every matching request fail until lift is called, which may be called more than once. If several faults
// match, the newest applies. It panics if the path is not a regular expression, as [regexp.MustCompile] does.
func (s *FaultInjector) Inject(match Match, fault Fault) (lift func()) {
	r := &rule{match: match, path: regexp.MustCompile(match.Path), fault: fault, lifted: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, r)
	return sync.OnceFunc(func() { s.lift(r) })
}

// LiftAll takes back every fault that is still set. What hangs goes on.
func (s *FaultInjector) LiftAll() {
	s.mu.Lock()
	rules := slices.Clone(s.rules)
	s.mu.Unlock()
	for _, r := range rules {
		s.lift(r)
	}
}

func (s *FaultInjector) lift(r *rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.rules, r); i >= 0 {
		s.rules = slices.Delete(s.rules, i, i+1)
		close(r.lifted)
	}
}

// ServeHTTP notes the request and hands it to the newest fault that hits it or else to the server behind.
func (s *FaultInjector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hit := s.note(r); hit != nil {
		hit.fault(hit.lifted, s.next).ServeHTTP(w, r)
		return
	}
	s.next.ServeHTTP(w, r)
}

// note writes the request down and finds the fault that hits it, if any.
func (s *FaultInjector) note(r *http.Request) *rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := newRequest(r)
	s.log = append(s.log, request)
	for _, candidate := range slices.Backward(s.rules) {
		if candidate.hits(request) {
			return candidate
		}
	}
	return nil
}

// hits tells whether the rule applies, and counts the request if it matches.
func (r *rule) hits(request Request) bool {
	m := r.match
	if m.Class != "" && m.Class != request.Class ||
		m.Method != "" && m.Method != request.Method ||
		!r.path.MatchString(request.Path) {
		return false
	}
	r.seen++
	return r.seen > m.Skip && (m.Times == 0 || r.seen <= m.Skip+m.Times)
}
