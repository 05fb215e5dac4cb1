package revocation_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

const (
	listURL      = "http://ca.test/list.crl"
	responderURL = "http://ca.test/ocsp/"
)

// network serves bytes at URLs, without a network, so that a test may set the clock. It notes what it was asked.
type network struct {
	mu    sync.Mutex
	serve map[string]http.HandlerFunc // by prefix of the URL
	asked []string
	fails error // of what is not served; nil refuses connections
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.asked = append(n.asked, r.Method+" "+r.URL.String())
	var handler http.HandlerFunc
	for prefix, h := range n.serve {
		if strings.HasPrefix(r.URL.String(), prefix) {
			handler = h
		}
	}
	n.mu.Unlock()
	if handler == nil && n.fails != nil {
		return nil, n.fails
	}
	if handler == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	handler(answer, r)
	response := answer.Result()
	response.Request = r
	return response, nil
}

func (n *network) at(url string, handler http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serve[url] = handler
}

// count counts the requests so far whose URL holds the text.
func (n *network) count(text string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, asked := range n.asked {
		if strings.Contains(asked, text) {
			count++
		}
	}
	return count
}

func fixed(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
}

// world is a CA with one signer, and a checker that remembers answers for an hour.
type world struct {
	t *testing.T
	*network
	root    *ca.CA
	ca      *ca.CA
	signer  *ca.Identity
	checker *revocation.Checker
}

// newWorld makes a signer that names these places.
func newWorld(t *testing.T, lists, responders []string) *world {
	t.Helper()
	w := &world{t: t, network: &network{serve: map[string]http.HandlerFunc{}}}
	w.root = expect.Must(ca.NewRoot(ca.Options{}))(t)
	w.ca = expect.Must(w.root.Intermediate(ca.Options{}))(t)
	w.signer = expect.Must(w.ca.Signer(ca.Options{CRLURLs: lists, OCSPURLs: responders}))(t)
	w.restart()
	return w
}

// restart makes a checker that knows nothing.
func (w *world) restart() {
	w.checker = expect.Must(revocation.New(revocation.Options{Transport: w.network, MaxAge: time.Hour}))(w.t)
}

// check asks about the signer's chain.
func (w *world) check() revocation.Status {
	return w.checker.Check(w.t.Context(), w.signer.Chain, time.Time{})
}

// want fails unless the signer is "good", "revoked", or unknown for a cause that holds the text.
func (w *world) want(t *testing.T, want string) revocation.Status {
	t.Helper()
	status := w.check()
	var got string
	unknown, isUnknown := errors.AsType[*revocation.UnknownError](status.Unknown)
	switch {
	case status.Revoked != nil:
		got = "revoked"
	case isUnknown:
		got = unknown.Causes()
	case status.Good():
		got = "good"
	}
	if got != want && (!isUnknown || !strings.Contains(got, want)) {
		t.Errorf("got %q, want %q: %v", got, want, status.Unknown)
	}
	if isUnknown && strings.Contains(unknown.Causes(), "ca.test") {
		t.Errorf("the causes hold a URL: %s", unknown.Causes())
	}
	return status
}

// answer is an OCSP response about a certificate, and what is odd about it.
type answer struct {
	status     int
	by         *ca.Identity        // nil: the CA
	embed      []*x509.Certificate // sent along
	of         *x509.Certificate   // nil: the signer
	issuer     *x509.Certificate   // nil: the CA
	this, next time.Duration       // from now
	noNext     bool
	hash       crypto.Hash // SHA-1 if 0
	extensions []pkix.Extension
}

func (w *world) answer(a answer) []byte {
	w.t.Helper()
	by, of, issuer := &w.ca.Identity, w.signer.Cert, w.ca.Cert
	if a.by != nil {
		by = a.by
	}
	if a.of != nil {
		of = a.of
	}
	if a.issuer != nil {
		issuer = a.issuer
	}
	if a.hash == 0 {
		a.hash = crypto.SHA1
	}
	template := ocsp.Response{
		Status: a.status, SerialNumber: of.SerialNumber, IssuerHash: a.hash, RevokedAt: time.Now().Add(-time.Hour),
		ThisUpdate: time.Now().Add(a.this), NextUpdate: time.Now().Add(a.next), ExtraExtensions: a.extensions,
	}
	if a.next == 0 {
		template.NextUpdate = time.Now().Add(a.this + 24*time.Hour)
	}
	if a.noNext {
		template.NextUpdate = time.Time{}
	}
	if len(a.embed) > 0 {
		template.Certificate = a.embed[0]
	}
	return expect.Must(ocsp.CreateResponse(issuer, by.Cert, template, by.Key))(w.t)
}

// list is a revocation list and what is odd about it.
type list struct {
	by         *ca.CA // nil: the CA
	revoked    []*x509.Certificate
	number     int64
	this, next time.Duration // from now
	extensions []pkix.Extension
	entry      []pkix.Extension // of each entry
	reason     int
}

func (w *world) list(l list) []byte {
	w.t.Helper()
	by := w.ca
	if l.by != nil {
		by = l.by
	}
	template := &x509.RevocationList{
		Number: big.NewInt(max(l.number, 1)), ThisUpdate: time.Now().Add(l.this), NextUpdate: time.Now().Add(l.this + 24*time.Hour), ExtraExtensions: l.extensions,
	}
	if l.next != 0 {
		template.NextUpdate = time.Now().Add(l.next)
	}
	for _, c := range l.revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: c.SerialNumber, RevocationTime: time.Now().Add(-time.Hour), ReasonCode: l.reason, ExtraExtensions: l.entry,
		})
	}
	return expect.Must(x509.CreateRevocationList(rand.Reader, template, by.Cert, by.Key))(w.t)
}

func extension(id string, critical bool, value ...byte) pkix.Extension {
	var oid []int
	for part := range strings.SplitSeq(id, ".") {
		var n int
		_, _ = fmt.Sscan(part, &n)
		oid = append(oid, n)
	}
	return pkix.Extension{Id: oid, Critical: critical, Value: value}
}

// sequence is DER of a SEQUENCE with these contents, below 128 bytes.
func sequence(contents ...byte) []byte { return append([]byte{0x30, byte(len(contents))}, contents...) }

// fullName is DER of a distribution point's full name with one URL.
func fullName(url string) []byte {
	inner := append([]byte{0x86, byte(len(url))}, url...)
	inner = append([]byte{0xa0, byte(len(inner))}, inner...)
	return append([]byte{0xa0, byte(len(inner))}, inner...)
}

// replaceTransport makes a checker that asks through another transport.
func (w *world) replaceTransport(transport http.RoundTripper) {
	w.t.Helper()
	w.checker = expect.Must(revocation.New(revocation.Options{Transport: transport, MaxAge: time.Hour}))(w.t)
}
