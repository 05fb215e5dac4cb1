package rig

import (
	"net/http"
	"slices"
	"strings"
)

// Class is what a request is about, whatever it names.
type Class string

// The classes of requests.
const (
	ClassPing         Class = "ping"          // GET /v2/
	ClassResolve      Class = "resolve"       // HEAD of a manifest
	ClassManifest     Class = "manifest"      // GET of a manifest
	ClassBlob         Class = "blob"          // GET or HEAD of a blob
	ClassReferrers    Class = "referrers"     // the referrers API
	ClassReferrersTag Class = "referrers-tag" // GET or HEAD of the index that the referrers tag schema keeps
	ClassToken        Class = "token"         // the token service
	ClassWrite        Class = "write"         // all that changes a registry
	ClassCRL          Class = "crl"
	ClassOCSP         Class = "ocsp"
	ClassTimestamp    Class = "timestamp"
	ClassOther        Class = "other"
)

// Request is one request as it came over the network.
type Request struct {
	Class         Class
	Method        string
	Path          string // decoded
	Query         string // as sent
	Authorization string // the header, credentials and all
	Traceparent   string // the header
}

func newRequest(r *http.Request) Request {
	return Request{
		Class:         classify(r.Method, r.URL.Path),
		Method:        r.Method,
		Path:          r.URL.Path,
		Query:         r.URL.RawQuery,
		Authorization: r.Header.Get("Authorization"),
		Traceparent:   r.Header.Get("Traceparent"),
	}
}

func classify(method, path string) Class {
	reads := method == http.MethodGet || method == http.MethodHead
	switch {
	case path == tokenPath:
		return ClassToken
	case strings.HasPrefix(path, "/v2/") && !reads:
		return ClassWrite
	case path == "/v2/":
		return ClassPing
	case strings.Contains(path, "/manifests/sha256-"):
		return ClassReferrersTag
	case strings.Contains(path, "/manifests/") && method == http.MethodHead:
		return ClassResolve
	case strings.Contains(path, "/manifests/"):
		return ClassManifest
	case strings.Contains(path, "/blobs/"):
		return ClassBlob
	case strings.Contains(path, "/referrers/"):
		return ClassReferrers
	case strings.HasPrefix(path, crlPath):
		return ClassCRL
	case strings.HasPrefix(path, ocspPath):
		return ClassOCSP
	case strings.HasPrefix(path, tsaPath):
		return ClassTimestamp
	}
	return ClassOther
}

// Requests lists the requests so far that are of one of the classes, or all of them, in the order they came.
func (s *FaultInjector) Requests(classes ...Class) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Request
	for _, request := range s.log {
		if len(classes) == 0 || slices.Contains(classes, request.Class) {
			found = append(found, request)
		}
	}
	return found
}

// Count is the number of requests so far that are of one of the classes, or of all.
func (s *FaultInjector) Count(classes ...Class) int {
	return len(s.Requests(classes...))
}

// Forget empties the log.
func (s *FaultInjector) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}
