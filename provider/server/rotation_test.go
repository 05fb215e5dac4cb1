package server_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
)

// held is a handler whose requests stay in flight until they are released.
type held struct{ entered, released chan struct{} }

func newHeld() held { return held{make(chan struct{}, 8), make(chan struct{})} }

func (h held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/held" {
		h.entered <- struct{}{}
		<-h.released
	}
	hello(w, r)
}

// hold sends a request that is in flight when hold returns.
func (h held) hold(w *world, client *http.Client) <-chan answer {
	done := make(chan answer, 1)
	go func() { done <- ask(client, strings.Replace(w.url(), "/validate", "/held", 1)) }()
	<-h.entered
	return done
}

// A new serving certificate is shown and no request dropped.
func TestANewServingCertificateDropsNoRequest(t *testing.T) {
	h := newHeld()
	w := start(t, h.ServeHTTP)
	gatekeeper := w.theirs.client(t)
	inFlight := h.hold(w, w.client(t, gatekeeper))

	next := w.ours.server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(2 * time.Hour) })
	w.serve(t, next)
	if changed, err := w.identity.Reload(); !changed || err != nil {
		t.Fatalf("Reload: %v %v", changed, err)
	}
	if got := ask(w.client(t, gatekeeper), w.url()); got.server != next.pair.Leaf.SerialNumber.String() {
		t.Errorf("the old certificate is shown: %+v", got)
	}
	close(h.released)
	if got := <-inFlight; got.status != http.StatusOK {
		t.Errorf("in flight: %+v", got)
	}
	if got := w.identity.Expiry(); !got.NotAfter.Equal(next.pair.Leaf.NotAfter) || got.Subject != "CN=leaf" {
		t.Errorf("got %+v", got)
	}
}

// A broken serving certificate leaves the old one in force.
func TestABrokenServingCertificateKeepsTheOld(t *testing.T) {
	h := newHeld()
	w := start(t, h.ServeHTTP)
	gatekeeper := w.theirs.client(t)
	inFlight := h.hold(w, w.client(t, gatekeeper))
	was := ask(w.client(t, gatekeeper), w.url()).server

	good := w.ours.server(t)
	expired := w.ours.server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	chain := append(slices.Clip(good.certPEM), w.ours.pem()...)
	early := w.ours.server(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })
	for _, tc := range []struct {
		name      string
		cert, key []byte
		reason    string
	}{
		{"key of another", good.certPEM, expired.keyPEM, "private key does not match"},
		{"expired", expired.certPEM, expired.keyPEM, "has expired"},
		{"not yet valid", early.certPEM, early.keyPEM, "not valid before"},
		{"no certificate", []byte("junk"), good.keyPEM, w.certFile},
		{"half of a chain", chain[:len(chain)-60], good.keyPEM, "only 1 of its 2 PEM blocks can be read"},
		{"no key", good.certPEM, nil, w.keyFile},
		{"half of the key", good.certPEM, good.keyPEM[:40], w.keyFile},
	} {
		write(t, w.certFile, tc.cert)
		write(t, w.keyFile, tc.key)
		staysBroken(t, tc.name, w.identity, tc.reason)
	}
	os.Remove(w.keyFile)
	staysBroken(t, "missing", w.identity, w.keyFile)

	if got := ask(w.client(t, gatekeeper), w.url()); got.server != was {
		t.Errorf("got %+v", got)
	}
	close(h.released)
	if got := <-inFlight; got.status != http.StatusOK {
		t.Errorf("in flight: %+v", got)
	}
	w.serve(t, good)
	if changed, err := w.identity.Reload(); !changed || err != nil {
		t.Errorf("healed: %v %v", changed, err)
	}
}

func TestABrokenClientCALeavesTheOldOneInForce(t *testing.T) {
	h := newHeld()
	w := start(t, h.ServeHTTP)
	inFlight := h.hold(w, w.client(t, w.theirs.client(t)))

	two := append(w.theirs.pem(), newAuthority(t, "next").pem()...)
	for _, tc := range []struct {
		name    string
		content []byte
		reason  string
	}{
		{"empty", nil, "no certificate"},
		{"junk", []byte("junk"), "no certificate"},
		{"with a key", append(w.theirs.pem(), w.theirs.client(t).keyPEM...), "PRIVATE KEY, where only certificates belong"},
		{"cut off", two[:len(two)-60], "only 1 of its 2 PEM blocks can be read"},
		{"not a certifict", pemOf("CERTIFICATE", []byte("junk")), "certificate 1"},
	} {
		write(t, w.caFile, tc.content)
		staysBroken(t, tc.name, w.clientCA, tc.reason)
	}
	if got := ask(w.client(t, w.theirs.client(t)), w.url()); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
	close(h.released)
	if got := <-inFlight; got.status != http.StatusOK {
		t.Errorf("in flight: %+v", got)
	}
}

// A request in flight survives the removal of its authority.
func TestARequestSurvivesTheRemovalOfItsCA(t *testing.T) {
	h := newHeld()
	w := start(t, h.ServeHTTP)
	inFlight := h.hold(w, w.client(t, w.theirs.client(t)))
	next := newAuthority(t, "next")
	write(t, w.caFile, next.pem())
	if changed, err := w.clientCA.Reload(); !changed || err != nil {
		t.Fatalf("Reload: %v %v", changed, err)
	}
	close(h.released)
	if got := <-inFlight; got.status != http.StatusOK {
		t.Errorf("in flight: %+v", got)
	}
	if got := w.clientCA.Expiries(); len(got) != 1 || got[0].Subject != "CN=next" || !got[0].NotAfter.Equal(next.cert.NotAfter) {
		t.Errorf("got %+v", got)
	}
}

// staysBroken says that source fails for a reason, with each try.
func staysBroken(t *testing.T, name string, source reload.Source, reason string) {
	t.Helper()
	for range 2 {
		if changed, err := source.Reload(); changed || err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: got %v %v, want %q", name, changed, err, reason)
		}
	}
}

func TestTextBetweenCertificatesIsLeftAlone(t *testing.T) {
	w := start(t, hello)
	write(t, w.caFile, bytes.Join([][]byte{[]byte("# ours\n"), w.theirs.pem(), []byte("# and more\n")}, nil))
	if changed, err := w.clientCA.Reload(); !changed || err != nil {
		t.Errorf("got %v %v", changed, err)
	}
}

func TestBrokenFilesAreAnErrorAtStart(t *testing.T) {
	if _, err := server.LoadClientCA("no-such-file"); err == nil || !strings.Contains(err.Error(), "load the client CA: ") {
		t.Errorf("got %v", err)
	}
	if _, err := server.LoadIdentity("no-such-file", "nor-this"); err == nil || !strings.Contains(err.Error(), "load the serving certificate: ") {
		t.Errorf("got %v", err)
	}
}
