package rig

import (
	"net/http"
	"strconv"
	"time"
)

// Fault is what happens to a request that a fault hits: it stands in for the server behind, and may still pass the
// request on. Lifted is closed when the fault is taken back.
type Fault func(lifted <-chan struct{}, next http.Handler) http.Handler

// Status answers with a status code and a registry's error body. Headers are added, such as Retry-After; nil for none.
func Status(code int, headers http.Header) Fault {
	return instead(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range headers {
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"errors":[{"code":"UNKNOWN","message":"a fault of the rig"}]}`))
	})
}

// HTML answers 200 with a page for people, as a proxy's login does.
func HTML() Fault {
	return instead(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Sign in</title><p>Please sign in."))
	})
}

// Cut closes the connection without an answer.
func Cut() Fault {
	return instead(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// Delay passes the request on after so long, unless the client leaves or the fault is lifted before.
func Delay(d time.Duration) Fault {
	return hold(func() <-chan time.Time { return time.After(d) })
}

// Hang keeps the request until the client leaves. Once the fault is lifted, it is passed on.
func Hang() Fault {
	return hold(func() <-chan time.Time { return nil })
}

// Truncate sends the real answer's header and the first so many bytes of its body, then closes the connection.
func Truncate(bytes int) Fault {
	return rework(func(w http.ResponseWriter, real *answer) {
		real.writeHeader(w, real.body.Len())
		_, _ = w.Write(real.body.Next(bytes))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// Rewrite sends the real answer's status and headers, digest and all, with another body.
func Rewrite(change func(body []byte) []byte) Fault {
	return rework(func(w http.ResponseWriter, real *answer) {
		changed := change(real.body.Bytes())
		real.writeHeader(w, len(changed))
		_, _ = w.Write(changed)
	})
}

// Header sends the real answer with a header changed, such as another digest or media type; of a HEAD too.
func Header(name, value string) Fault {
	return func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&relabelled{w, name, value, false}, r)
		})
	}
}

// Divert passes the request on for another path: what comes back is real, and is something else.
func Divert(change func(path string) string) Fault {
	return func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			diverted := r.Clone(r.Context())
			diverted.URL.Path, diverted.URL.RawPath = change(r.URL.Path), change(r.URL.RawPath)
			next.ServeHTTP(w, diverted)
		})
	}
}

// Drip sends the real answer's header, and its body byte by byte with a pause after each, until the client leaves. Once
// the fault is lifted, the rest follows at once.
func Drip(pause time.Duration) Fault {
	return func(lifted <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			real := newAnswer()
			next.ServeHTTP(real, r)
			real.writeHeader(w, int(real.length(r.Method)))
			for real.body.Len() > 0 {
				_, _ = w.Write(real.body.Next(1))
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
					panic(http.ErrAbortHandler)
				case <-lifted:
					_, _ = w.Write(real.body.Next(real.body.Len()))
				case <-time.After(pause):
				}
			}
		})
	}
}

// instead answers in the server's place.
func instead(answer http.HandlerFunc) Fault {
	return func(<-chan struct{}, http.Handler) http.Handler { return answer }
}

// hold keeps the request until there is a reason to let it go.
func hold(until func() <-chan time.Time) Fault {
	return func(lifted <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			case <-lifted:
			case <-until():
			}
			next.ServeHTTP(w, r)
		})
	}
}

// rework lets the server answer and sends something made of that. An answer without a body stays as it is.
func rework(send func(w http.ResponseWriter, real *answer)) Fault {
	return func(_ <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				next.ServeHTTP(w, r)
				return
			}
			real := newAnswer()
			next.ServeHTTP(real, r)
			send(w, real)
		})
	}
}

// relabelled is an answer with a header changed.
type relabelled struct {
	http.ResponseWriter
	name, value string
	done        bool
}

// WriteHeader implements http.ResponseWriter.
func (r *relabelled) WriteHeader(status int) {
	r.done = true
	r.Header().Set(r.name, r.value)
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *relabelled) Write(p []byte) (int, error) {
	if !r.done {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(p)
}

// writeHeader sends the header of a kept answer for a body of that length.
func (a *answer) writeHeader(w http.ResponseWriter, length int) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if length >= 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}
