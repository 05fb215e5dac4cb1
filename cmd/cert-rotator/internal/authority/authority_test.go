package authority_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func newCA(t *testing.T, validity time.Duration) authority.Pair {
	t.Helper()
	ca, err := authority.NewCA(now, validity)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func issue(t *testing.T, ca authority.Pair, validity time.Duration, names ...string) authority.Pair {
	t.Helper()
	leaf, err := ca.Issue(now, validity, names)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// A CA issues what Gatekeeper accepts, and what is read back is what was made.
func TestIssue(t *testing.T) {
	ca := newCA(t, 90*24*time.Hour)
	leaf := issue(t, ca, 30*24*time.Hour, "a.svc", "b.svc")
	if err := ca.CheckCA(now); err != nil {
		t.Error(err)
	}
	if err := leaf.CheckLeaf(now, ca.Cert, []string{"b.svc", "a.svc"}); err != nil {
		t.Error(err)
	}
	if err := leaf.Cert.VerifyHostname("b.svc"); err != nil {
		t.Error(err)
	}
	back, err := authority.Read(leaf.CertPEM, leaf.KeyPEM)
	if err != nil || !back.Cert.Equal(leaf.Cert) {
		t.Errorf("read back: %v", err)
	}
	if key, ok := leaf.Cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the key is %T", leaf.Cert.PublicKey)
	}
	if ca.Cert.Subject.String() == newCA(t, time.Hour).Cert.Subject.String() {
		t.Error("two CAs have one name")
	}
}

// A certificate starts a little earlier, for clocks that are behind, and never outlives its CA.
func TestValidity(t *testing.T) {
	ca := newCA(t, 24*time.Hour)
	for _, c := range []struct{ validity, before, after time.Duration }{
		{20 * time.Hour, time.Hour, 20 * time.Hour},
		{time.Hour, 6 * time.Minute, time.Hour},
		{48 * time.Hour, time.Hour, 24 * time.Hour},
	} {
		leaf := issue(t, ca, c.validity, "a").Cert
		if before, after := now.Sub(leaf.NotBefore), leaf.NotAfter.Sub(now); before != c.before || after != c.after {
			t.Errorf("valid for %s: from %s before to %s after, want %s and %s", c.validity, before, after, c.before, c.after)
		}
	}
	life := &x509.Certificate{NotBefore: now, NotAfter: now.Add(30 * time.Hour)}
	if due := authority.DueAt(life).Sub(now); due != 20*time.Hour {
		t.Errorf("renewed after %s of 30h", due)
	}
}

// A pair that is no serving certificate of the CA is told, with why.
func TestCheckLeaf(t *testing.T) {
	ca, other := newCA(t, 30*24*time.Hour), newCA(t, time.Hour)
	leaf := issue(t, ca, time.Hour, "a")
	for _, c := range []struct {
		name string
		pair authority.Pair
		ca   authority.Pair
		at   time.Time
		says string
	}{
		{"none", authority.Pair{}, ca, now, "there is none"},
		{"names", issue(t, ca, time.Hour, "a", "b"), ca, now, `its names are ["a" "b"], want ["a"]`},
		{"other CA", leaf, other, now, "unknown authority"},
		{"expired", leaf, ca, now.Add(2 * time.Hour), "expired"},
		{"not yet", leaf, ca, now.Add(-time.Hour), "not yet valid"},
		{"a CA", ca, ca, now, "its names are"},
		{"client use", clientOnly(t), ca, now, "certificate"},
	} {
		if err := c.pair.CheckLeaf(c.at, c.ca.Cert, []string{"a"}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

func clientOnly(t *testing.T) authority.Pair {
	return self(t, &x509.Certificate{DNSNames: []string{"a"}, NotBefore: now, NotAfter: now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// self is a certificate that signed itself.
func self(t *testing.T, template *x509.Certificate) authority.Pair {
	t.Helper()
	template.SerialNumber, template.Subject = big.NewInt(1), pkix.Name{CommonName: "self"}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Read(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// What cannot issue is told.
func TestCheckCA(t *testing.T) {
	ca := newCA(t, time.Hour)
	lives := x509.Certificate{NotBefore: now, NotAfter: now.Add(time.Hour)}
	leaf, unable := lives, lives
	unable.IsCA, unable.BasicConstraintsValid, unable.KeyUsage = true, true, x509.KeyUsageDigitalSignature
	for _, c := range []struct {
		name string
		pair authority.Pair
		at   time.Time
		says string
	}{
		{"none", authority.Pair{}, now, "there is none"},
		{"a leaf", self(t, &leaf), now, "not a CA"},
		{"usage", self(t, &unable), now, "not a CA"},
		{"expired", ca, now.Add(2 * time.Hour), "expired at 2030-01-01T01:00:00Z"},
		{"not yet", ca, now.Add(-time.Hour), "not valid before"},
	} {
		if err := c.pair.CheckCA(c.at); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// A pair is read only if it is one certificate with its own key.
func TestRead(t *testing.T) {
	one, two := newCA(t, time.Hour), newCA(t, time.Hour)
	for _, tc := range []struct {
		name string
		c    [2][]byte
	}{
		{"nothing", [2][]byte{nil, nil}},
		{"text", [2][]byte{[]byte("text"), one.KeyPEM}},
		{"another's key", [2][]byte{one.CertPEM, two.KeyPEM}},
		{"two certificates", [2][]byte{bytes.Join([][]byte{one.CertPEM, two.CertPEM}, nil), one.KeyPEM}},
		{"a certificate alone", [2][]byte{one.CertPEM, nil}},
	} {
		if pair, err := authority.Read(tc.c[0], tc.c[1]); err == nil || !pair.None() {
			t.Errorf("%s: was read", tc.name)
		}
	}
}
