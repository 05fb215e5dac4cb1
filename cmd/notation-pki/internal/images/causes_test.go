package images_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
)

// Each cause is told with what the person at the terminal can do about it.
func TestEachCauseHasItsHint(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	issuer := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(issuer, ca.EncodeCertificates(root.Cert), 0o600); err != nil {
		t.Fatal(err)
	}
	host := func(url string) string { _, host, _ := strings.Cut(url, "://"); return host }
	certified := func(from, to time.Duration, ip string) string {
		id, err := root.Server(ca.Options{IPAddresses: []net.IP{net.ParseIP(ip)}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS = &tls.Config{Certificates: []tls.Certificate{id.TLS()}}
		server.StartTLS()
		t.Cleanup(server.Close)
		return host(server.URL)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	const hour = time.Hour
	for _, c := range []struct {
		name    string
		host    string
		options images.Options
		says    string
	}{
		{"private authority", certified(-hour, hour, "127.0.0.1"), images.Options{}, "; name the registry's CA by --registry-ca"},
		{"expired", certified(-2*hour, -hour, "127.0.0.1"), images.Options{CAFile: issuer}, "; its operator has to renew it"},
		{"not yet valid", certified(hour, 2*hour, "127.0.0.1"), images.Options{CAFile: issuer}, "; see whether the clocks are right"},
		{"another name", certified(-hour, hour, "127.0.0.2"), images.Options{CAFile: issuer}, "; ask for it by the name in the certificate"},
		{"plain for TLS", host(plain.URL), images.Options{}, "; if it is meant to have no TLS, give --plain-http-unsafe"},
		{"TLS for plain", certified(-hour, hour, "127.0.0.1"), images.Options{PlainHTTPUnsafe: true}, "; if it speaks TLS, leave out --plain-http-unsafe"},
		{"no server there", host(gone.URL), images.Options{}, "; see whether it runs, and whether its port is right"},
		{"no such host", "registry.invalid", images.Options{}, "; see whether "},
	} {
		image, err := c.options.Open(c.host + "/staging/a:1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := image.Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
		}
	}
}
