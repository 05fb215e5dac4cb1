package server

import (
	"log/slog"
	"net/http"
	"runtime/debug"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// clientAuth is the middleware before the handler: it authenticates the client of each
// request, recovers from the handler's panics, and counts the requests in flight.
type clientAuth struct {
	clients  clients
	next     http.Handler
	refuse   func(w http.ResponseWriter, status int, message string)
	log      *slog.Logger
	inflight inflight
	// draining tells whether the server is about to end.
	draining func() bool
}

// connectionKey finds, in a request's context, its [conn].
type connectionKey struct{}

func (a *clientAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.inflight.enter() {
		panic(http.ErrAbortHandler) // the server has drained meanwhile
	}
	defer a.inflight.requests.Done()
	ctx, id := logging.NewRequest(r.Context())
	r = r.WithContext(ctx)
	w.Header().Set("X-Request-Id", id)
	answer := &answer{ResponseWriter: w}
	defer func() {
		if reason := recover(); reason != nil {
			a.answerPanic(answer, r, reason)
		}
	}()
	if a.draining() {
		// Clients keep connections. A client that closes its connection now does not send a
		// request, which it could not safely repeat, just as the connection is closed.
		w.Header().Set("Connection", "close")
	}
	connection := r.Context().Value(connectionKey{}).(*conn)
	if err := a.clients.verify(r.TLS.PeerCertificates, &connection.verified); err != nil {
		a.log.WarnContext(r.Context(), "client refused", "remote", r.RemoteAddr, "error", err)
		// The connection ends: HTTP/1.1 closes it for this header, HTTP/2 sends GOAWAY.
		w.Header().Set("Connection", "close")
		a.refuse(answer, http.StatusForbidden, "the client certificate is no longer accepted")
		return
	}
	a.next.ServeHTTP(answer, r)
}

// answerPanic answers for a handler that panicked. Where part of its answer is sent
// already, it ends the connection, so that the part does not pass for the whole.
func (a *clientAuth) answerPanic(w *answer, r *http.Request, reason any) {
	if reason == http.ErrAbortHandler { //nolint:errorlint // a panic's value, not a wrapped error
		panic(reason)
	}
	a.log.ErrorContext(r.Context(), "panic in handler", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path,
		"panic", reason, "stack", string(debug.Stack()))
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	clear(w.Header()) // they were for another answer
	_, id := logging.NewRequest(r.Context())
	w.Header().Set("X-Request-Id", id)
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
