package rig

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

const (
	crlPath  = "/crl/"
	ocspPath = "/ocsp/"
	tsaPath  = "/tsa/"
)

// Endpoints is a server on loopback, in plain HTTP since notation asks no other, that speaks for CAs and timestamp
// authorities. Its [FaultInjector] makes it fail.
type Endpoints struct {
	*FaultInjector

	// Host is "127.0.0.1:PORT".
	Host string

	close func() error

	mu       sync.Mutex
	handlers map[string]http.Handler // by the path up to the second slash, included
}

// Published holds the URLs of a [RevocationServer].
type Published struct {
	CRL, OCSP string // URLs
}

func newEndpoints() (*Endpoints, error) {
	l, err := listen(anyPort)
	if err != nil {
		return nil, err
	}
	e := &Endpoints{Host: l.host(), handlers: map[string]http.Handler{}}
	e.FaultInjector = &FaultInjector{next: http.HandlerFunc(e.route)}
	e.close = func() error {
		e.LiftAll()
		return l.close()
	}
	l.serve(e.FaultInjector, nil)
	return e, nil
}

// Publish serves a CA's revocations, as a CRL and over OCSP.
func (e *Endpoints) Publish(server *RevocationServer) Published {
	return Published{CRL: e.mount(crlPath, server.CRLHandler()), OCSP: e.mount(ocspPath, server.OCSPHandler())}
}

// PublishTSA serves a timestamp authority and returns its URL.
func (e *Endpoints) PublishTSA(tsa *TSA) string {
	return e.mount(tsaPath, tsa)
}

// mount serves the handler below a new path of this kind, and returns its URL.
func (e *Endpoints) mount(kind string, handler http.Handler) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := fmt.Sprintf("%s%d/", kind, len(e.handlers)+1)
	e.handlers[path] = http.StripPrefix(strings.TrimSuffix(path, "/"), handler)
	return "http://" + e.Host + path
}

// route finds the handler. [http.ServeMux] would clean the path, and an OCSP request in it may hold two slashes in a row.
func (e *Endpoints) route(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(r.URL.Path, "/", 4)
	if len(parts) < 4 {
		http.NotFound(w, r)
		return
	}
	e.mu.Lock()
	handler := e.handlers[strings.Join(parts[:3], "/")+"/"]
	e.mu.Unlock()
	if handler == nil {
		http.NotFound(w, r)
		return
	}
	handler.ServeHTTP(w, r)
}
