package egress_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

func TestABodyMayHaveSoManyCommasAndNoMore(t *testing.T) {
	for _, tc := range []struct {
		commas  int
		tooMany bool
	}{{0, false}, {99, false}, {100, false}, {101, true}, {5000, true}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "["+strings.Repeat("0,", tc.commas)+"0]")
		}))
		transport := egress.NewTransport(egress.Options{
			Guard:  egress.NewGuard(strings.TrimPrefix(server.URL, "http://")),
			Bounds: egress.Bounds{Timeout: 10 * time.Second, BodyBytes: 1 << 20, Commas: 100},
		})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
		if errors.Is(err, egress.ErrTooLarge) != tc.tooMany || !tc.tooMany && err != nil {
			t.Errorf("%d commas: %v; want too many: %t", tc.commas, err, tc.tooMany)
		}
		transport.CloseIdleConnections()
		server.Close()
	}
}

// A body of many commas is a large one, however few bytes it has: it is not read while there is no permit.
func TestABodyOfManyCommasNeedsAPermit(t *testing.T) {
	for _, tc := range []struct {
		commas int
		held   bool
	}{{100, false}, {10_000, true}} {
		large := make(egress.Permits, 1)
		large <- struct{}{} // another's
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(",", tc.commas))
		}))
		transport := egress.NewTransport(egress.Options{
			Guard:  egress.NewGuard(strings.TrimPrefix(server.URL, "http://")),
			Bounds: egress.Bounds{Timeout: 10 * time.Second, BodyBytes: 1 << 20, Large: []egress.Permits{large}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, tc.commas)
		if _, err := io.ReadFull(response.Body, first[:min(tc.commas, 2048)]); err != nil {
			t.Fatal(err)
		}
		if tc.held {
			cancel() // or it would wait for the permit until its deadline
		}
		_, err = io.ReadAll(response.Body)
		if waited := err != nil && strings.Contains(err.Error(), "waiting to read a large answer"); waited != tc.held {
			t.Errorf("%d commas: %v; want it to wait: %t", tc.commas, err, tc.held)
		}
		cancel()
		_ = response.Body.Close()
		transport.CloseIdleConnections()
		server.Close()
	}
}
