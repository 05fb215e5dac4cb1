package server

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"
)

// counted is a curve that counts how often it is computed with.
type counted struct {
	elliptic.Curve
	uses *int
}

func (c counted) Params() *elliptic.CurveParams { *c.uses++; return c.Curve.Params() }

// issuer is a certificate with its key: as others show it, and as it issues.
type issuer struct {
	cert, own *x509.Certificate
	key       crypto.Signer
}

// issue makes a certificate of a subject, signed by another or, without one, by itself.
// What is computed with its key is counted.
func issue(t *testing.T, curve elliptic.Curve, subject string, by *issuer, uses *int, edit func(*x509.Certificate)) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if edit != nil {
		edit(template)
	}
	parent, signer := template, crypto.Signer(key)
	if by != nil {
		parent, signer = by.own, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	shown := *own
	cert := &shown
	if uses != nil {
		cert.PublicKey = &ecdsa.PublicKey{Curve: counted{curve, uses}, X: key.X, Y: key.Y} //nolint:staticcheck // there is no other way to have the curve count
	}
	return &issuer{cert, own, key}
}

// gatekeeper makes of a template that of Gatekeeper's certificate.
func gatekeeper(c *x509.Certificate) {
	c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
	c.DNSNames = []string{"gatekeeper"}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
}

func welcoming(authority *x509.Certificate) clients {
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	ca := &ClientCA{}
	ca.current.Store(&authorities{pool, []*x509.Certificate{authority}})
	return clients{ca: ca, names: []string{"gatekeeper"}, now: time.Now, verifying: semaphore.NewWeighted(maxVerifying)}
}

// A stranger knows the name of the authority, and the names of who may come in. Still
// nothing is computed with a key of a stranger's choice.
func TestNothingIsComputedWithAStrangersKey(t *testing.T) {
	authority := issue(t, elliptic.P256(), "authority", nil, nil, nil)
	uses := 0
	forged := func(name string, by *issuer) *issuer { return issue(t, elliptic.P521(), name, by, &uses, nil) }
	sameName, itself := forged("authority", nil), forged("I", nil)
	chain := func(leafBy *issuer, others ...*issuer) []*x509.Certificate {
		chain := []*x509.Certificate{issue(t, elliptic.P256(), "leaf", leafBy, nil, gatekeeper).cert}
		for _, other := range others {
			chain = append(chain, other.cert)
		}
		return chain
	}
	hundred := make([]*issuer, 100)
	for i := range hundred {
		hundred[i] = itself
	}
	for _, tc := range []struct {
		name      string
		strangers []*x509.Certificate
	}{
		{"an issuer of its own", chain(itself, itself)},
		{"three issuers of one name", chain(itself, forged("I", nil), forged("I", nil), itself)},
		{"a hundred of them", chain(itself, hundred...)},
		{"issuers of the authority's name", chain(sameName, forged("authority", nil), sameName)},
		{"issuers that name the authority", chain(itself, forged("I", sameName), forged("I", sameName), forged("I", sameName))},
		{"the authority above its own chain", chain(itself, itself, authority)},
		{"a chain of its own", chain(forged("J", itself), forged("J", itself), itself)},
	} {
		if err := welcoming(authority.cert).handshake(t.Context(), tc.strangers, new(atomic.Pointer[authentication])); err == nil {
			t.Errorf("%s: it was let in", tc.name)
		}
		if uses > 0 {
			t.Errorf("%s: its keys were computed with %d times", tc.name, uses)
		}
		uses = 0
	}
}

func TestChainsOfTheAuthorityAreLetInInAnyOrder(t *testing.T) {
	authority := issue(t, elliptic.P256(), "authority", nil, nil, nil)
	upper := issue(t, elliptic.P256(), "upper", authority, nil, nil)
	lower := issue(t, elliptic.P256(), "lower", upper, nil, nil)
	stranger := issue(t, elliptic.P256(), "lower", nil, nil, nil)
	leaf := issue(t, elliptic.P256(), "leaf", lower, nil, gatekeeper)
	direct := issue(t, elliptic.P256(), "leaf", authority, nil, gatekeeper)
	for _, tc := range []struct {
		name  string
		chain []*issuer
		in    bool
	}{
		{"signed by the authority", []*issuer{direct}, true},
		{"with the authority", []*issuer{direct, authority}, true},
		{"through two intermediates", []*issuer{leaf, lower, upper}, true},
		{"in another order", []*issuer{leaf, upper, lower}, true},
		{"with a stranger between", []*issuer{leaf, stranger, upper, lower}, true},
		{"without one of them", []*issuer{leaf, lower}, false},
		{"without the other", []*issuer{leaf, upper}, false},
		{"with the stranger in its place", []*issuer{leaf, stranger, upper}, false},
		{"more than are looked at", []*issuer{leaf, lower, upper, authority, authority}, false},
		{"none", nil, false},
	} {
		var chain []*x509.Certificate
		for _, i := range tc.chain {
			chain = append(chain, i.cert)
		}
		if err := welcoming(authority.cert).handshake(t.Context(), chain, new(atomic.Pointer[authentication])); (err == nil) != tc.in {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// While as many chains are verified as may be at once, others wait until their handshake
// must be over. Requests on connections that are open do not.
func TestChainsAreVerifiedAFewAtATime(t *testing.T) {
	authority := issue(t, elliptic.P256(), "authority", nil, nil, nil)
	chain := []*x509.Certificate{issue(t, elliptic.P256(), "leaf", authority, nil, gatekeeper).cert}
	c := welcoming(authority.cert)
	if !c.verifying.TryAcquire(maxVerifying) {
		t.Fatal("no place to begin with")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.handshake(ended, chain, new(atomic.Pointer[authentication])); !errors.Is(err, context.Canceled) {
		t.Errorf("a handshake that has no place: %v", err)
	}
	if err := c.verify(chain, new(atomic.Pointer[authentication])); err != nil {
		t.Errorf("a request: %v", err)
	}
	c.verifying.Release(maxVerifying)
	if err := c.handshake(t.Context(), chain, new(atomic.Pointer[authentication])); err != nil {
		t.Errorf("when there is a place: %v", err)
	}
}

// A request goes by the result of the handshake, and no longer than the authorities stay.
func TestRequestsGoByTheHandshake(t *testing.T) {
	authority, other := issue(t, elliptic.P256(), "authority", nil, nil, nil), issue(t, elliptic.P256(), "other", nil, nil, nil)
	chain := []*x509.Certificate{issue(t, elliptic.P256(), "leaf", authority, nil, gatekeeper).cert}
	c := welcoming(authority.cert)
	var result atomic.Pointer[authentication]
	if err := c.handshake(t.Context(), chain, &result); err != nil {
		t.Fatal(err)
	}
	if err := c.verify(nil, &result); err != nil { // a chain that is looked at is refused
		t.Errorf("the chain is verified twice: %v", err)
	}
	c.ca.current.Store(welcoming(other.cert).ca.current.Load())
	if err := c.verify(chain, &result); err == nil {
		t.Error("a client of a removed authority is let in")
	}
}
