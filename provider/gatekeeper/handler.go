package gatekeeper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Provider answers for keys. It is what provider.Provider does.
type Provider interface {
	// Answer gives a finding for each distinct key, in time.
	Answer(ctx context.Context, keys []string) []provider.Finding
	// Pin gives each distinct key with its digest, in time.
	Pin(ctx context.Context, keys []string) []provider.Pinned
}

// Options are what New needs.
type Options struct {
	Provider Provider
	// MaxBytes bounds a request's body, MaxKeys the keys in it.
	MaxBytes int64
	MaxKeys  int
	Log      *slog.Logger
	// Observe is called for every request: its path ("/validate", "/mutate" or
	// "other"), the status it got and how long it took; nil is fine.
	Observe func(path string, status int, took time.Duration)
	// Found is called with every finding of /validate; nil is fine.
	Found func(provider.Finding)
}

// Handler serves POST /validate and POST /mutate. Every answer is a ProviderResponse
// in JSON.
type Handler struct {
	options Options
	bounds  atomic.Pointer[bounds]
	routes  map[string]respond
}

// respond answers the distinct keys of the request with this ID; the status is 200 or 503.
type respond func(ctx context.Context, id string, keys []string) (reply, int)

// New returns the handler.
func New(o Options) *Handler {
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	if o.Found == nil {
		o.Found = func(provider.Finding) {}
	}
	h := &Handler{options: o}
	h.Bound(o.MaxBytes, o.MaxKeys)
	h.routes = map[string]respond{"/validate": h.validate, "/mutate": h.mutate}
	return h
}

// bounds are those of one request.
type bounds struct {
	bytes int64
	keys  int
}

// Bound sets how large a request's body may be from now on, in bytes, and how many keys it may have.
func (h *Handler) Bound(maxBytes int64, maxKeys int) { h.bounds.Store(&bounds{maxBytes, maxKeys}) }

// problem is a request that we cannot answer, and the status that says so.
type problem struct {
	status  int
	message string
}

func problemf(status int, format string, args ...any) *problem {
	return &problem{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx, id := logging.NewRequest(r.Context())
	path := r.URL.Path
	route, known := h.routes[path]
	if !known {
		path = "other"
	}
	var reply reply
	var status int
	if keys, problem := h.read(w, r, route); problem != nil {
		h.options.Log.InfoContext(ctx, "request refused", "status", problem.status, "error", problem.message)
		reply, status = encoded(Response{SystemError: problem.message}), problem.status
	} else {
		reply, status = route(ctx, id, keys)
	}
	w.Header().Set("X-Request-Id", id)
	write(w, status, reply)
	h.options.Observe(path, status, time.Since(began))
}

// firstRoom is the most room that is made for a body before any of it is there: enough for nearly all.
const firstRoom = 8 << 10

// read returns the keys of a well-formed request.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, route respond) ([]string, *problem) {
	if route == nil {
		return nil, problemf(http.StatusNotFound, "no such path; ask POST /validate or POST /mutate")
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, problemf(http.StatusMethodNotAllowed, "method not allowed; use POST")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, problemf(http.StatusUnsupportedMediaType, "unsupported media type; use application/json")
	}
	bound := h.bounds.Load()
	// Room is made as the body comes: one that is announced and never sent costs little, however many there are.
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), firstRoom)+bytes.MinRead))
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, bound.bytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, problemf(http.StatusRequestEntityTooLarge, "request body over %d bytes", bound.bytes)
	}
	if err != nil {
		return nil, problemf(http.StatusBadRequest, "request body ended early")
	}
	return parse(body.Bytes(), bound.keys)
}

// parse reads the body. Unknown fields are ignored: a later Gatekeeper may send more.
func parse(body []byte, maxKeys int) ([]string, *problem) {
	if !utf8.Valid(body) { // else Unmarshal would replace bytes, and the key that is sent back would be another
		return nil, problemf(http.StatusBadRequest, "request body is not UTF-8")
	}
	var request ProviderRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, problemf(http.StatusBadRequest, "request body is not a ProviderRequest in JSON")
	}
	if request.APIVersion != APIVersion {
		return nil, problemf(http.StatusBadRequest, "apiVersion must be %q", APIVersion)
	}
	if request.Kind != RequestKind {
		return nil, problemf(http.StatusBadRequest, "kind must be %q", RequestKind)
	}
	if n := len(request.Request.Keys); n > maxKeys {
		return nil, problemf(http.StatusRequestEntityTooLarge, "%d keys; at most %d are answered at once", n, maxKeys)
	}
	return request.Request.Keys, nil
}

func (h *Handler) validate(ctx context.Context, id string, keys []string) (reply, int) {
	findings := h.options.Provider.Answer(ctx, keys)
	status := http.StatusOK
	for i := range findings {
		f := &findings[i] // it is large
		h.options.Found(*f)
		h.log(ctx, f)
		if f.Err != nil && f.Err.Cause == provider.CauseOverload {
			status = http.StatusServiceUnavailable
		}
	}
	return func(a *answer) { a.add(findings, id) }, status
}

// log logs a finding, with the details that must not be sent. A verified image is logged once,
// where it is verified, and not each time it is asked for.
func (h *Handler) log(ctx context.Context, f *provider.Finding) {
	log, image := h.options.Log, func() string { return printable.Brief(f.Key, logging.MaxImage) }
	switch {
	case f.Err != nil:
		log.WarnContext(ctx, "image undecided", "image", image(), "cause", f.Err.Cause, "error", logging.Undecided(f.Err))
	case !f.Verdict.Good():
		log.InfoContext(ctx, "image refused", "image", image(), "reason", f.Verdict.Reason, "detail", printable.Brief(f.Verdict.Detail, logging.MaxDetail), "digest", f.Verdict.Image.Digest)
	case log.Enabled(ctx, slog.LevelDebug):
		log.DebugContext(ctx, "image verified", "image", image(), "digest", f.Verdict.Image.Digest, "signer", printable.Brief(f.Verdict.Signer, logging.MaxDetail))
	}
}

func (h *Handler) mutate(ctx context.Context, _ string, keys []string) (reply, int) {
	pins := h.options.Provider.Pin(ctx, keys)
	for _, p := range pins {
		if p.Problem != "" {
			h.options.Log.InfoContext(ctx, "tag not resolved", "image", printable.Brief(p.Key, logging.MaxImage), "error", printable.Brief(p.Problem, logging.MaxDetail))
		}
	}
	return encoded(pinned(pins)), http.StatusOK
}

// Refuse answers a request that must not reach the handler, in the handler's form.
func Refuse(w http.ResponseWriter, status int, message string) {
	write(w, status, encoded(Response{SystemError: message}))
}
