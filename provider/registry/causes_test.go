package registry_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// scene is a registry that has a fault, and where images are asked for.
type scene struct {
	entry  config.Registry
	unsaid bool // the configuration has no entry for it
}

// certified is a registry with a certificate that the machine would trust, but for a change.
func certified(t *testing.T, o ca.Options, change func(*tls.Config)) scene {
	t.Helper()
	id, err := system.Server(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{id.TLS()}}
	if change != nil {
		change(server.TLS)
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // that clients distrust it is the point
	server.StartTLS()
	t.Cleanup(server.Close)
	return scene{entry: config.Registry{Host: server.Listener.Addr().String()}}
}

func validity(from, to time.Duration) ca.Options {
	o := loopback()
	o.NotBefore, o.NotAfter = time.Now().Add(from), time.Now().Add(to)
	return o
}

// raw is a server that is not of HTTP.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// leads is a registry that redirects, or names a realm.
func leads(t *testing.T, handler http.HandlerFunc) scene {
	t.Helper()
	f := newFake(t, handler)
	return scene{entry: f.settings(t)}
}

func redirects(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
	}
}

// Each cause is told by its name and with what can be done about it, and with no more than
// the person who is denied may know.
func TestEachCauseIsToldByItsName(t *testing.T) {
	inside := newFake(t, http.NotFound)
	strange := newFake(t, http.NotFound) // its certificate is one that is not trusted
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	plainHost := plain.Listener.Addr().String()
	for _, c := range []struct {
		name  string
		scene scene
		says  string
	}{
		{"private authority", scene{entry: config.Registry{Host: strange.host}}, "the registry has a certificate of an authority that is not trusted here; put that authority's certificate into caFile"},
		{"expired", certified(t, validity(-48*time.Hour, -time.Hour), nil), "the registry has a certificate that has expired; its operator has to renew it"},
		{"not yet valid", certified(t, validity(time.Hour, 48*time.Hour), nil), "not valid yet; see whether the clocks are right"},
		{"another name", certified(t, ca.Options{DNSNames: []string{"other.example"}}, nil), "a certificate for another name; "},
		{"a client's", clientCertificate(t), "a certificate that is not fit for a server; "},
		{"old TLS", certified(t, loopback(), func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), "no version of TLS from 1.2 on"},
		{"client certificate", certified(t, loopback(), func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), "wants a client certificate; "},
		{"TLS 1.2, client", certified(t, loopback(), func(c *tls.Config) { c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12 }), "client certificate"},
		{"no such server name", certified(t, loopback(), func(c *tls.Config) { c.GetConfigForClient = noName }), "breaks off the TLS handshake; "},
		{"plain for TLS", scene{entry: config.Registry{Host: plainHost}}, "speaks plain HTTP where TLS is expected; if that is meant, set plainHTTPUnsafe"},
		{"TLS for plain", scene{entry: config.Registry{Host: strange.host, PlainHTTPUnsafe: true}}, "answered 400 to plain HTTP; if it speaks TLS, leave out plainHTTPUnsafe"},
		{"TLS that only alerts", scene{entry: config.Registry{Host: raw(t, alert), PlainHTTPUnsafe: true}}, "speaks TLS where plain HTTP is expected; leave out plainHTTPUnsafe"},
		{"another protocol", scene{entry: config.Registry{Host: raw(t, banner)}}, "does not speak TLS; see whether its port is right"},
		{"another, in plain", scene{entry: config.Registry{Host: raw(t, banner), PlainHTTPUnsafe: true}}, "does not speak HTTP; see whether its port is right"},
		{"hangs up", scene{entry: config.Registry{Host: raw(t, hello)}}, "broke the connection off; try again"},
		{"no server there", scene{entry: config.Registry{Host: refused(t)}}, "refuses connections; see whether it runs"},
		{"no such host", scene{entry: config.Registry{Host: "registry.invalid"}}, "DNS"},
		{"private address", scene{entry: config.Registry{Host: inside.host}, unsaid: true}, "the registry is at an address inside the network; if it is meant to be asked, give it an entry under registries"},
		{"private token", leads(t, realm(inside.URL)), "the token service that the registry names is at an address inside the network; if it is meant to be asked, name it as tokenService"},
		{"private storage", leads(t, redirects(inside.URL)), "the storage that the registry redirects to is at an address inside the network; if it is meant to be asked, name it under storage"},
		{"untrusted storage", withStorage(t, certified(t, loopback(), nil), "https"), "the storage that the registry redirects to has a certificate of an authority that is not trusted here; put that"},
		{"plain storage", leads(t, redirects(plain.URL)), "the registry redirects from TLS to plain HTTP; this is not followed; its operator has to redirect to TLS"},
		{"round and round", leads(t, func(w http.ResponseWriter, r *http.Request) { redirects("https://"+r.Host)(w, r) }), "redirects without end; "},
		{"its own policy", leads(t, status(http.StatusPreconditionFailed)), "own policy keeps the image back (412)"},
		{"no registry", leads(t, status(http.StatusTeapot)), "answered 418, as no registry does"},
		{"no token service", leads(t, noTokens), "answered 404 where a token is asked for"},
		{"a page", leads(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") }), "no sensible answer; see whether it is a registry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := registry.Options{RequestTimeout: 10 * time.Second}
			if !c.scene.unsaid {
				o.Registries = []config.Registry{c.scene.entry}
			}
			r := open(t, o)
			for range 12 { // the cause is told as well where the host is asked no more
				_, err := r.Resolve(t.Context(), imageOf(c.scene.entry.Host))
				u := undecided(t, err, provider.CauseRegistry)
				if !strings.Contains(u.Detail, c.says) {
					t.Fatalf("%q, want %q; %v", u.Detail, c.says, u.Err)
				}
				again := strings.Contains(u.Detail, "try again")
				if helps := c.name == "hangs up" || c.name == "no such host"; again && !helps {
					t.Errorf("%q advises what cannot help", u.Detail)
				}
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func realm(service string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		challenge(w, `Bearer realm="`+service+`/token",service="s"`)
	}
}

func noTokens(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		http.NotFound(w, r)
		return
	}
	realm("https://"+r.Host)(w, r)
}

func noName(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, io.ErrUnexpectedEOF }

// alert answers with a TLS alert, as servers do that know no HTTP.
func alert(conn net.Conn) { hello(conn); _, _ = conn.Write([]byte{0x15, 3, 1, 0, 2, 2, 22}) }

func banner(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n\r\n"); hello(conn) }

// hello reads what a client begins with.
func hello(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }

func refused(t *testing.T) string {
	t.Helper()
	f := newFake(t, http.NotFound)
	f.Close()
	return f.host
}

// withStorage is a registry that the provider trusts alone, with its storage elsewhere.
func withStorage(t *testing.T, storage scene, scheme string) scene {
	t.Helper()
	s := leads(t, redirects(fmt.Sprintf("%s://%s", scheme, storage.entry.Host)))
	s.entry.CAOnly, s.entry.Storage = true, []string{storage.entry.Host}
	return s
}

// clientCertificate is a registry whose certificate is a client's.
func clientCertificate(t *testing.T) scene {
	t.Helper()
	id, err := system.Client(loopback())
	if err != nil {
		t.Fatal(err)
	}
	return scene{entry: config.Registry{Host: newFakeAs(t, http.NotFound, id.TLS()).host}}
}
