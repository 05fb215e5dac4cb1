package server_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func TestGatekeeperComesIn(t *testing.T) {
	w := start(t, hello)
	client := w.client(t, w.theirs.client(t))
	for range 3 {
		if got := ask(client, w.url()); got.status != http.StatusOK || got.body != "hello" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestAClientOfHTTP2ComesIn(t *testing.T) {
	w := start(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	client := w.client(t, w.theirs.client(t))
	client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	for range 3 {
		if got := ask(client, w.url()); got.status != http.StatusOK || got.body != "HTTP/2.0" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestAURINameComesIn(t *testing.T) {
	w := start(t, hello)
	uri, err := url.Parse("spiffe://cluster.local/gatekeeper")
	if err != nil {
		t.Fatal(err)
	}
	leaf := w.theirs.client(t, func(c *x509.Certificate) { c.DNSNames, c.URIs = nil, []*url.URL{uri} })
	if got := ask(w.client(t, leaf), w.url()); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

// A client needs a certificate of the configured CA, with a configured name and for client authentication.
func TestForeignClientsAreRefused(t *testing.T) {
	w := start(t, func(http.ResponseWriter, *http.Request) { t.Error("a stranger reached the handler") })
	stranger := newAuthority(t, "theirs") // of the same name, with another key
	names := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = names }
	}
	usages := func(usages ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = usages }
	}
	for _, tc := range []struct {
		name   string
		leaf   leaf
		reason string
	}{
		{"no certificate", leaf{}, "the client must have a certificate"},
		{"another authority", stranger.client(t), "comes from none of the authorities in clientCAFile"},
		{"another name", w.theirs.client(t, names("other.svc")), `has none of the names`},
		{
			"a name in capitals",
			w.theirs.client(t, names(strings.ToUpper(clientName))), `has none of the names`,
		},
		{
			"only a common name",
			w.theirs.client(t, names(), func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: clientName} }),
			`has none of the names`,
		},
		{"a wildcard", w.theirs.client(t, names("*.gatekeeper-system.svc")), `*.gatekeeper-system.svc`},
		{
			"server authentication only",
			w.theirs.client(t, usages(x509.ExtKeyUsageServerAuth)), "is not for client authentication",
		},
		{"no key usage at all", w.theirs.client(t, usages()), "is not for client authentication"},
		{"any key usage", w.theirs.client(t, usages(x509.ExtKeyUsageAny)), "is not for client authentication"},
		{
			"an expired certificate",
			w.theirs.client(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "expired",
		},
		{
			"a certificate from the future",
			w.theirs.client(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "not yet valid",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from := len(w.log.String())
			if got := ask(w.client(t, tc.leaf), w.url()); got.err == nil {
				t.Errorf("got %+v", got)
			}
			expect.Until(t, "the log says "+tc.reason, func() bool {
				log := w.log.String()[from:]
				return strings.Contains(strings.ReplaceAll(log, `\"`, `"`), tc.reason) &&
					strings.Contains(log, "level=INFO") && strings.Contains(log, "remote=127.0.0.1:")
			})
		})
	}
}

func TestOlderTLSIsRefused(t *testing.T) {
	w := start(t, hello)
	client := w.client(t, w.theirs.client(t), func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })
	if got := ask(client, w.url()); got.err == nil {
		t.Errorf("got %+v", got)
	}
	w.log.says(t, "the client must speak TLS 1.3")
}

func TestPlainHTTPIsRefused(t *testing.T) {
	w := start(t, hello)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if got := ask(client, "http://"+w.Addr().String()); got.err == nil && got.status != http.StatusBadRequest {
		t.Errorf("got %+v", got)
	}
	w.log.says(t, "the client must speak TLS (")
}

// refusedThenGone says that client is told 403 in the caller's form, and that
// its connection ends so that the next request fails in the handshake.
func refusedThenGone(t *testing.T, w *world, client *http.Client) {
	t.Helper()
	got := ask(client, w.url())
	if want := `{"response":{"systemError":"the client certificate is no longer accepted"}}`; got.status != http.StatusForbidden || got.body != want {
		t.Errorf("got %+v", got)
	}
	w.log.says(t, "request="+cmp.Or(got.id, "an id"))
	if got := ask(client, w.url()); got.err == nil {
		t.Errorf("the connection was kept: %+v", got)
	}
}

func TestAConnectionEndsWhenItsAuthorityIsRemoved(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		w := start(t, hello)
		client := w.client(t, w.theirs.client(t))
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = http2
		if got := ask(client, w.url()); got.status != http.StatusOK {
			t.Fatalf("got %+v", got)
		}
		write(t, w.caFile, newAuthority(t, "next").pem())
		if changed, err := w.clientCA.Reload(); !changed || err != nil {
			t.Fatalf("Reload: %v %v", changed, err)
		}
		refusedThenGone(t, w, client)
		w.log.says(t, "client refused")
	}
}

func TestAConnectionEndsWhenItsCertificateExpires(t *testing.T) {
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := start(t, hello, func(o *server.Options) { *o = server.WithClock(*o, clock) })
	client := w.client(t, w.theirs.client(t))
	if got := ask(client, w.url()); got.status != http.StatusOK {
		t.Fatalf("got %+v", got)
	}
	ahead.Store(int64(2 * time.Hour))
	refusedThenGone(t, w, client)
}

func TestAConnectionStaysWhenItsAuthorityGetsCompany(t *testing.T) {
	w := start(t, hello)
	next := newAuthority(t, "next")
	client := w.client(t, w.theirs.client(t))
	ask(client, w.url())
	write(t, w.caFile, append(w.theirs.pem(), next.pem()...))
	if changed, err := w.clientCA.Reload(); !changed || err != nil {
		t.Fatalf("Reload: %v %v", changed, err)
	}
	for _, c := range []*http.Client{client, w.client(t, next.client(t))} {
		if got := ask(c, w.url()); got.status != http.StatusOK || got.close {
			t.Errorf("got %+v", got)
		}
	}
}
