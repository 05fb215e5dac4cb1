package gatekeeper_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/iotest"

	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

// A client may announce a long body on each of very many streams, and send none: room is made
// for what is there.
func TestAnnouncedBodiesTakeNoRoom(t *testing.T) {
	const times, announced = 100, 1 << 20
	h := gatekeeper.New(gatekeeper.Options{Provider: &answers{}, MaxBytes: announced, MaxKeys: maxKeys, Log: slog.New(slog.DiscardHandler)})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		r := httptest.NewRequest(http.MethodPost, "/validate", iotest.ErrReader(http.ErrBodyReadAfterClose))
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = announced
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / times; each > announced/8 {
		t.Errorf("a body of %d bytes that never came took %d", announced, each)
	}
}
