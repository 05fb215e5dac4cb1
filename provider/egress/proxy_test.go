package egress_test

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// proxy connects every client to one server, wherever it wants to go.
func proxy(t *testing.T, to *httptest.Server) *httptest.Server {
	t.Helper()
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			_, _ = io.WriteString(w, "by proxy: "+r.URL.Host)
			return
		}
		server, err := net.Dial("tcp", to.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer server.Close(); _, _ = io.Copy(server, client) }()
		defer client.Close()
		_, _ = io.Copy(client, server)
	}))
	t.Cleanup(p.Close)
	return p
}

// The proxy of the environment may be at any address. That is a permission to go through
// it, and not to reach it, or another port of its host, by the name of an image.
func TestAProxyNeedsNoOtherPermission(t *testing.T) {
	server := serve(t, nil)
	through := proxy(t, server)
	_, other, _ := listen(t)
	t.Setenv("HTTPS_PROXY", through.URL)
	t.Setenv("HTTP_PROXY", through.URL)
	t.Setenv("NO_PROXY", "")
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: 30 * time.Second, BodyBytes: 100}, RootCAs: roots})
	for _, tc := range []struct{ url, want string }{
		{"https://example.com/", "HTTP/2.0"},
		{"http://example.com/", "by proxy: example.com"},
		{"http://10.0.0.1:5000/", "by proxy: 10.0.0.1:5000"}, // where a proxy connects to is for its own rules
		{through.URL, ""},
		{"http://127.0.0.1:" + other, ""},
		{"https://127.0.0.1:" + other, ""},
	} {
		got, err := fetch(t, transport, tc.url)
		if tc.want != "" && (got != tc.want || err != nil) {
			t.Errorf("%s: %q, %v", tc.url, got, err)
		}
		if tc.want == "" && !errors.Is(err, egress.ErrForbidden) {
			t.Errorf("%s: %q, %v; want it forbidden", tc.url, got, err)
		}
	}
}

// A proxy that is away, or does not connect, is told of as the proxy and not as the registry.
func TestAProxyThatFailsIsToldAsTheProxy(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tc := range []struct{ name, url string }{
		{"refuses", answers(t, http.StatusForbidden)},
		{"wants credentials", answers(t, http.StatusProxyAuthRequired)},
		{"is away", gone.URL},
	} {
		t.Setenv("HTTPS_PROXY", strings.Replace(tc.url, "http://", "http://user:secret@", 1))
		transport := egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: 10 * time.Second, BodyBytes: 100}})
		_, err := fetch(t, transport, "https://example.com/")
		if got := egress.FaultOf(err); got != egress.ByProxy || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
}

// answers is a proxy that answers nothing else.
func answers(t *testing.T, status int) (url string) {
	t.Helper()
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(p.Close)
	return p.URL
}
