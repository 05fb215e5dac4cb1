package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
)

// clientAuth stands before the handler: it lets in only who may come in now, survives
// the handler's panics, and knows when everybody has left.
type clientAuth struct {
	clients  clients
	next     http.Handler
	refuse   func(w http.ResponseWriter, status int, message string)
	log      *slog.Logger
	inflight inflight
	// draining tells whether the server is about to end.
	draining func() bool
}

// connectionKey finds, in a request's context, the authentication of its connection.
type connectionKey struct{}

// connContext gives each connection a place for its authentication, so that not every
// request pays for verifying the same chain.
func (a *clientAuth) connContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, new(atomic.Pointer[authentication]))
}

func (a *clientAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.inflight.enter() {
		panic(http.ErrAbortHandler) // closed while this request was on its way here
	}
	defer a.inflight.leave()
	answer := &answer{ResponseWriter: w}
	defer a.recoverPanic(answer, r)
	if a.draining() {
		// Clients keep connections. One that is told to leave now does not send a request
		// just as its connection is closed for good, which it could not safely repeat.
		w.Header().Set("Connection", "close")
	}
	if err := a.authenticate(r); err != nil {
		a.log.WarnContext(r.Context(), "client refused, its connection ends", "remote", r.RemoteAddr, "reason", err)
		// HTTP/1.1 closes for this header; HTTP/2 says goodbye for it.
		w.Header().Set("Connection", "close")
		a.refuse(answer, http.StatusForbidden, "the client certificate is no longer accepted")
		return
	}
	a.next.ServeHTTP(answer, r)
}

// authenticate checks the client of r as of now.
func (a *clientAuth) authenticate(r *http.Request) error {
	last := r.Context().Value(connectionKey{}).(*atomic.Pointer[authentication])
	now, err := a.clients.verify(r.TLS.PeerCertificates, last.Load())
	if err != nil {
		return err
	}
	last.Store(now)
	return nil
}

// recoverPanic answers for a handler that panicked. When part of its answer is on the
// way already, all that is left is to break off, so that nobody takes the part
// for the whole.
func (a *clientAuth) recoverPanic(w *answer, r *http.Request) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason == http.ErrAbortHandler { //nolint:errorlint // what was panicked with, not an error that someone wrapped
		panic(reason)
	}
	a.log.ErrorContext(r.Context(), "panic while answering", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path,
		"panic", reason, "stack", string(debug.Stack()))
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	clear(w.Header()) // what the handler promised no longer holds
	a.refuse(w, http.StatusInternalServerError, "internal error")
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
