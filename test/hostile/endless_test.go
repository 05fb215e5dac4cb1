package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// endless are answers without an end, each at every endpoint of a registry.
func endless(*testing.T, []byte) map[string]kind {
	manifest := []byte(`{"schemaVersion":2,"mediaType":"` + ocispec.MediaTypeImageManifest + `","config":{},"layers":[]}`)
	resolved := func(then http.HandlerFunc) kind { // the image is there, and what is asked next is the attack
		return kind{answer: func(w http.ResponseWriter, q *http.Request) {
			if strings.Contains(q.URL.Path, "/manifests/") && !strings.Contains(q.URL.Path, "/sha256") {
				(*registry)(nil).send(w, q, ocispec.MediaTypeImageManifest, manifest)
				return
			}
			then(w, q)
		}}
	}
	drip := func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		for q.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			pause(q, 50*time.Millisecond)
		}
	}
	return map[string]kind{
		"drip":      {answer: drip},
		"drip-list": resolved(drip),
		"redirect": {answer: func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, q.URL.Path, http.StatusTemporaryRedirect)
		}},
		"link": resolved(func(w http.ResponseWriter, q *http.Request) { // a page whose next page is itself
			w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, q.URL.RequestURI()))
			_, _ = w.Write([]byte(`{"schemaVersion":2,"manifests":[]}`))
		}),
		"hints": {answer: func(w http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				w.Header().Set("Link", "</"+strings.Repeat("x", 4000)+">")
				w.WriteHeader(http.StatusEarlyHints)
				pause(q, time.Millisecond)
			}
		}},
		"header": {answer: func(w http.ResponseWriter, _ *http.Request) {
			for i := range 300 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 8000))
			}
			w.WriteHeader(http.StatusOK)
		}},
		"gzip": resolved(func(w http.ResponseWriter, _ *http.Request) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			for range 256 {
				_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
			}
			_ = z.Close()
			w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		}),
		"challenge": {answer: func(w http.ResponseWriter, q *http.Request) { // a token service that is the registry, for ever
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s%s",service=%q`, q.Host, q.URL.Path, strings.Repeat("s", 2000)))
			w.WriteHeader(http.StatusUnauthorized)
		}},
	}
}

// pause makes an answer slow, for as long as somebody waits for it.
func pause(q *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-q.Context().Done():
	}
}

// Answers without an end decide nothing, are given up in time, and cost little.
func TestAnswersWithoutEnd(t *testing.T) {
	x := newTarget(t, 1, endless)
	for name := range x.bad.kinds {
		t.Run(name, func(t *testing.T) {
			asker := x.server.GatekeeperClient()
			key := x.bad.image(name, 1)
			began := time.Now()
			answer, err := asker.Validate(t.Context(), key)
			if took := time.Since(began); took > 2500*time.Millisecond {
				t.Errorf("answered after %s", took)
			}
			if _, settled := answer.Items[key]; err == nil && settled && answer.Items[key].Value != nil {
				t.Errorf("it is %+v", answer.Items[key])
			}
		})
	}
	var kinds []string
	for name := range x.bad.kinds {
		kinds = append(kinds, name)
	}
	x.storm(t, kinds, func() {})
	if !x.recovers(t) {
		t.Error("no good image was verified after the attack")
	}
	x.peak(t)
}
