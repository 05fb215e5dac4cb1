package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// records hands log records to the test.
type records struct {
	slog.Handler
	to chan slog.Record
}

func (records) Enabled(context.Context, slog.Level) bool { return true }

func (r records) Handle(_ context.Context, record slog.Record) error { r.to <- record; return nil }

func TestTheServerIsReadyUntilItIsToldToStop(t *testing.T) {
	t.Parallel() // it stays open for a while, as Kubernetes wants it
	from := goodSource(t)
	logged := make(chan slog.Record, 100)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, from, slog.New(records{slog.DiscardHandler, logged}), func() uint64 { return 0 })
	}()

	unsafe, admin := false, ""
	for admin == "" {
		select {
		case err := <-ended:
			t.Fatalf("ended before it served: %v", err)
		case record := <-logged:
			unsafe = unsafe || record.Message == "unsafe setting"
			record.Attrs(func(a slog.Attr) bool {
				if a.Key == "admin" {
					admin = a.Value.String()
				}
				return true
			})
		}
	}
	if !unsafe {
		t.Error("plain HTTP to a registry is not logged at start")
	}
	get(t, "http://"+admin+"/readyz", http.StatusOK)
	get(t, "http://"+admin+"/healthz", http.StatusOK)
	get(t, "http://"+admin+"/metrics", http.StatusOK)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func get(t *testing.T, url string, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != want {
		t.Errorf("%s: %d %s", url, response.StatusCode, body)
	}
}

// blocked is a standard error that is not read.
type blocked struct{ until chan struct{} }

func (b blocked) Write(p []byte) (int, error) { <-b.until; return len(p), nil }

func TestAFailureIsNotToldForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stderr, began := blocked{make(chan struct{})}, time.Now()
		printError(stderr, "cut off what was in flight")
		if took := time.Since(began); took != flushWithin {
			t.Errorf("it took %v to give up; want %v", took, flushWithin)
		}
		close(stderr.until)
	})
}
