package gatekeeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

const (
	maxBytes = 4096
	maxKeys  = 5
	digest   = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// answers are what the provider says, by key; to others it says malformed.
type answers struct {
	findings map[string]provider.Finding
	pins     map[string]provider.Pinned
	asked    [][]string
}

func (a *answers) Answer(_ context.Context, keys []string) []provider.Finding {
	a.asked = append(a.asked, keys)
	var list []provider.Finding
	for _, key := range keys {
		f, ok := a.findings[key]
		if !ok {
			f.Verdict = provider.Verdict{Reason: provider.Malformed, Detail: "not an image reference"}
		}
		f.Key = key
		list = append(list, f)
	}
	return list
}

func (a *answers) Pin(_ context.Context, keys []string) []provider.Pinned {
	a.asked = append(a.asked, keys)
	var list []provider.Pinned
	for _, key := range keys {
		pin, ok := a.pins[key]
		if !ok {
			pin.Problem = "malformed: not an image reference"
		}
		pin.Key = key
		list = append(list, pin)
	}
	return list
}

// door is a handler before its provider, and what it told.
type door struct {
	*answers
	*gatekeeper.Handler
	log      bytes.Buffer
	observed []string
	found    []provider.Finding
}

func newDoor() *door {
	d := &door{answers: &answers{findings: map[string]provider.Finding{}, pins: map[string]provider.Pinned{}}}
	d.Handler = gatekeeper.New(gatekeeper.Options{
		Provider: d.answers, MaxBytes: maxBytes, MaxKeys: maxKeys,
		Log: slog.New(logging.Handler{Handler: slog.NewJSONHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})}),
		Observe: func(path string, status int, _ time.Duration) {
			d.observed = append(d.observed, fmt.Sprint(path, " ", status))
		},
		Found: func(f provider.Finding) { d.found = append(d.found, f) },
	})
	return d
}

// send sends a request as it is.
func (d *door) send(method, path, media, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// ask sends keys as Gatekeeper does, and returns what its client reads.
func (d *door) ask(t testing.TB, path string, keys ...string) (externaldata.ProviderResponse, int) {
	t.Helper()
	body, err := json.Marshal(externaldata.NewProviderRequest(keys))
	if err != nil {
		t.Fatal(err)
	}
	w := d.send(http.MethodPost, path, "application/json", string(body))
	return read(t, w), w.Code
}

// read reads what must be one ProviderResponse in JSON and nothing else.
func read(t testing.TB, w *httptest.ResponseRecorder) externaldata.ProviderResponse {
	t.Helper()
	var response externaldata.ProviderResponse
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&response); err != nil || decoder.More() || !utf8.Valid(w.Body.Bytes()) {
		t.Fatalf("answer %q is no ProviderResponse: %v", w.Body, err)
	}
	if response.APIVersion != gatekeeper.APIVersion || response.Kind != externaldata.ProviderResponseKind {
		t.Errorf("answer is a %s of %s", response.Kind, response.APIVersion)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("the answer's media type is %q", got)
	}
	oneLine(t, response.Response.SystemError)
	for _, item := range response.Response.Items {
		oneLine(t, item.Error)
	}
	return response
}

// oneLine fails the test if text could do more to a terminal than to be read.
func oneLine(t testing.TB, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%q holds what is not printable", text)
	}
}

// same compares a body with what it should be, as JSON.
func same(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	var g, x any
	if err := json.Unmarshal([]byte(want), &x); err != nil {
		t.Fatalf("the test's own JSON: %v", err)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil || !reflect.DeepEqual(g, x) {
		t.Errorf("answer\n%s; want\n%s", w.Body, want)
	}
}

func refused(reason provider.Reason, detail string) provider.Finding {
	return provider.Finding{Verdict: provider.Verdict{Reason: reason, Detail: detail}}
}

func undecided(cause provider.Cause, detail string) provider.Finding {
	return provider.Finding{Err: provider.Undecided(cause, fmt.Errorf("dial tcp 10.0.0.1: refused"), "%s", detail)}
}

func verified() provider.Finding {
	return provider.Finding{Verdict: provider.Verdict{
		Reason: provider.Verified,
		Image:  provider.Image{Host: "harbor.skao.int", Repository: "harbor.skao.int/production/ska-tango", Tag: "1", Digest: digest},
		Policy: "skao", Signer: "CN=SKAO OCI Signer,O=SKAO,ST=Cheshire,C=GB",
		SignedAt: time.Date(2026, 7, 1, 12, 0, 0, 5, time.FixedZone("", 7200)), Until: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
	}}
}
