package gatekeeper

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"
	"unicode/utf8"

	"gitlab.com/ska-telescope/notation-provider/provider"
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
	// Observe is told of every request: its path ("/validate", "/mutate" or
	// "other"), the status it got and how long it took; nil is fine.
	Observe func(path string, status int, took time.Duration)
	// Found is told of every finding of /validate; nil is fine.
	Found func(provider.Finding)
}

// Handler serves POST /validate and POST /mutate. Whatever it answers is a
// ProviderResponse in JSON.
type Handler struct {
	Options
	routes map[string]respond
}

// respond answers a request's distinct keys; the status is 200 or 503.
type respond func(ctx context.Context, log *slog.Logger, keys []string) (reply, int)

// New returns the handler.
func New(o Options) *Handler {
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	if o.Found == nil {
		o.Found = func(provider.Finding) {}
	}
	h := &Handler{Options: o}
	h.routes = map[string]respond{"/validate": h.validate, "/mutate": h.mutate}
	return h
}

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
	began, id := time.Now(), rand.Text()[:12]
	log := h.Log.With("request", id)
	path := r.URL.Path
	route, known := h.routes[path]
	if !known {
		path = "other"
	}
	reply, status := h.serve(w, r, log, route)
	w.Header().Set("X-Request-Id", id)
	write(w, status, reply)
	h.Observe(path, status, time.Since(began))
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, log *slog.Logger, route respond) (reply, int) {
	keys, err := h.read(w, r, route)
	if err != nil {
		log.InfoContext(r.Context(), "request refused", "status", err.status, "error", err.message)
		return encoded(Response{SystemError: err.message}), err.status
	}
	return route(r.Context(), log, keys)
}

// read takes the keys out of a request that is in order.
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
	body, err := h.body(w, r)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, problemf(http.StatusRequestEntityTooLarge, "request body over %d bytes", h.MaxBytes)
	}
	if err != nil {
		return nil, problemf(http.StatusBadRequest, "request body ended early")
	}
	return h.parse(body)
}

// body reads the body, in one piece where its length is announced.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	bounded := http.MaxBytesReader(w, r.Body, h.MaxBytes)
	if r.ContentLength < 0 || r.ContentLength > h.MaxBytes {
		return io.ReadAll(bounded)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(bounded, body)
	return body, err
}

// parse reads the body. Fields it does not know are ignored: Gatekeeper may grow.
func (h *Handler) parse(body []byte) ([]string, *problem) {
	if !utf8.Valid(body) { // else Unmarshal would replace bytes, and the echo would not be what was asked
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
	if n := len(request.Request.Keys); n > h.MaxKeys {
		return nil, problemf(http.StatusRequestEntityTooLarge, "%d keys; at most %d are answered at once", n, h.MaxKeys)
	}
	return request.Request.Keys, nil
}

func (h *Handler) validate(ctx context.Context, log *slog.Logger, keys []string) (reply, int) {
	findings := h.Provider.Answer(ctx, keys)
	status := http.StatusOK
	for i := range findings {
		f := &findings[i] // it is large
		h.Found(*f)
		report(ctx, log, f)
		if f.Err != nil && f.Err.Cause == provider.CauseOverload {
			status = http.StatusServiceUnavailable
		}
	}
	return func(a *answer) { a.add(findings) }, status
}

// report logs what the wire must not hold. Verified images are the rule: they
// are logged where they are judged, not each time they are asked for.
func report(ctx context.Context, log *slog.Logger, f *provider.Finding) {
	key := func() string { return provider.Brief(f.Key, provider.BriefKey) }
	switch {
	case f.Err != nil:
		log.WarnContext(ctx, "undecided", "key", key(), "stage", f.Err.Cause, "error", f.Err.Brief())
	case !f.Verdict.Good():
		log.InfoContext(ctx, "refused", "key", key(), "reason", f.Verdict.Reason, "detail", provider.Brief(f.Verdict.Detail, provider.BriefDetail), "digest", f.Verdict.Digest())
	case log.Enabled(ctx, slog.LevelDebug):
		log.DebugContext(ctx, "verified", "key", key(), "digest", f.Verdict.Digest(), "signer", provider.Brief(f.Verdict.Signer, provider.BriefDetail))
	}
}

func (h *Handler) mutate(ctx context.Context, log *slog.Logger, keys []string) (reply, int) {
	pins := h.Provider.Pin(ctx, keys)
	for _, p := range pins {
		if p.Problem != "" {
			log.InfoContext(ctx, "not pinned", "key", provider.Brief(p.Key, provider.BriefKey), "problem", provider.Brief(p.Problem, provider.BriefDetail))
		}
	}
	return encoded(pinned(pins)), http.StatusOK
}

// Refuse answers a request that must not get as far as the handler, in the
// handler's own form.
func Refuse(w http.ResponseWriter, status int, message string) {
	write(w, status, encoded(Response{SystemError: message}))
}
