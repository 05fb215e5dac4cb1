package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
)

// door stands before the handler: it lets in only who may come in now, survives
// the handler's panics, and knows when everybody has left.
type door struct {
	clients clients
	next    http.Handler
	refuse  func(w http.ResponseWriter, status int, message string)
	log     *slog.Logger
	inside  gate
	// draining tells whether the server is about to end.
	draining func() bool
}

// connectionKey finds, in a request's context, the admission of its connection.
type connectionKey struct{}

// connection gives each connection a place for its admission, so that not every
// request pays for verifying the same chain.
func (d *door) connection(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, new(atomic.Pointer[admission]))
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !d.inside.enter() {
		panic(http.ErrAbortHandler) // closed while this request was on its way here
	}
	defer d.inside.leave()
	answer := &answer{ResponseWriter: w}
	defer d.survive(answer, r)
	if d.draining() {
		// Clients keep connections. One that is told to leave now does not send a request
		// just as its connection is closed for good, which it could not safely repeat.
		w.Header().Set("Connection", "close")
	}
	if err := d.admit(r); err != nil {
		d.log.WarnContext(r.Context(), "client refused, its connection ends", "remote", r.RemoteAddr, "reason", err)
		// HTTP/1.1 closes for this header; HTTP/2 says goodbye for it.
		w.Header().Set("Connection", "close")
		d.refuse(answer, http.StatusForbidden, "the client certificate is no longer accepted")
		return
	}
	d.next.ServeHTTP(answer, r)
}

// admit checks the client of r as of now.
func (d *door) admit(r *http.Request) error {
	last := r.Context().Value(connectionKey{}).(*atomic.Pointer[admission])
	now, err := d.clients.admit(r.TLS.PeerCertificates, last.Load())
	if err != nil {
		return err
	}
	last.Store(now)
	return nil
}

// survive answers for a handler that panicked. When part of its answer is on the
// way already, all that is left is to break off, so that nobody takes the part
// for the whole.
func (d *door) survive(w *answer, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason == http.ErrAbortHandler { //nolint:errorlint // what was panicked with, not an error that someone wrapped
		panic(reason)
	}
	d.log.ErrorContext(r.Context(), "panic while answering", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path,
		"panic", reason, "stack", string(debug.Stack()))
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	clear(w.Header()) // what the handler promised no longer holds
	d.refuse(w, http.StatusInternalServerError, "internal error")
}

// answer notes whether any of the answer has been written.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Unwrap lets an [http.ResponseController] reach what lies beneath.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
