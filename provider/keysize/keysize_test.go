package keysize_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// authority is a CA with a small key, and what it issued.
type authority struct {
	testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{TB: t, key: key}
	a.cert = a.issue(key.Public(), nil)
	return a
}

// issue makes a CA certificate for any public key: the private one is not needed.
func (a *authority) issue(public any, issuer *x509.Certificate) *x509.Certificate {
	a.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "one"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, a.key)
	if err != nil {
		a.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.Fatal(err)
	}
	return cert
}

func rsaKey(bits int) *rsa.PublicKey {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	return &rsa.PublicKey{N: n, E: 1<<31 - 1}
}

// What fits passes, and the first bit above does not.
func TestBoundOfRSAKeys(t *testing.T) {
	a := newAuthority(t)
	for _, c := range []struct {
		name string
		key  any
		want error
	}{
		{"EC", a.key.Public(), nil},
		{"RSA of the largest size", rsaKey(keysize.MaxRSABits), nil},
		{"RSA of one bit more", rsaKey(keysize.MaxRSABits + 1), keysize.ErrKey},
		{"RSA that fills an envelope", rsaKey(1 << 20), keysize.ErrKey},
	} {
		cert := a.issue(c.key, a.cert)
		for _, tc := range []struct {
			name string
			err  error
		}{
			{"Check", keysize.Check(a.cert, cert)}, {"CheckKey", keysize.CheckKey(c.key)}, {"CheckChain", keysize.CheckChain([]*x509.Certificate{cert, a.cert})},
		} {
			if !errors.Is(tc.err, c.want) {
				t.Errorf("%s: %s: got %v, want %v", c.name, tc.name, tc.err, c.want)
			}
		}
	}
}

// A certificate of the largest size passes, and one above does not; so does a name.
func TestBoundOfSizes(t *testing.T) {
	for _, c := range []struct {
		cert x509.Certificate
		want error
	}{
		{x509.Certificate{Raw: make([]byte, keysize.MaxCertificateBytes), RawSubject: make([]byte, keysize.MaxNameBytes), RawIssuer: make([]byte, keysize.MaxNameBytes)}, nil},
		{x509.Certificate{Raw: make([]byte, keysize.MaxCertificateBytes+1)}, keysize.ErrSize},
		{x509.Certificate{RawSubject: make([]byte, keysize.MaxNameBytes+1)}, keysize.ErrSize},
		{x509.Certificate{RawIssuer: make([]byte, keysize.MaxNameBytes+1)}, keysize.ErrSize},
	} {
		if err := keysize.Check(&c.cert); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
	}
}

func TestBoundOfChains(t *testing.T) {
	chain := make([]*x509.Certificate, keysize.MaxCertificates+1)
	for i := range chain {
		chain[i] = newAuthority(t).cert
	}
	if err := keysize.CheckChain(chain[1:]); err != nil {
		t.Errorf("the longest chain: %v", err)
	}
	if err := keysize.CheckChain(chain); !errors.Is(err, keysize.ErrChain) {
		t.Errorf("a longer chain: %v", err)
	}
	if _, err := keysize.Verify(chain, x509.VerifyOptions{}); !errors.Is(err, keysize.ErrChain) {
		t.Errorf("a longer chain is verified: %v", err)
	}
}

// No function computes with a key that is too large.
func TestLargeKeysAreNotUsed(t *testing.T) {
	a := newAuthority(t)
	large := a.issue(rsaKey(1<<20), a.cert)
	list := &x509.RevocationList{}
	request := &x509.CertificateRequest{PublicKey: large.PublicKey}
	_, verified := keysize.Verify([]*x509.Certificate{a.cert, large}, x509.VerifyOptions{})
	for _, tc := range []struct {
		name string
		err  error
	}{
		{"CheckSignatureFrom", keysize.CheckSignatureFrom(a.cert, large)},
		{"CheckSignatureBy", keysize.CheckSignatureBy(a.cert, large)},
		{"CheckList", keysize.CheckList(list, large)},
		{"CheckRequest", keysize.CheckRequest(request)},
		{"Verify", verified},
	} {
		if !errors.Is(tc.err, keysize.ErrKey) {
			t.Errorf("%s: %v", tc.name, tc.err)
		}
	}
}

// Within the bounds each function answers as crypto/x509 does.
func TestChecksWithinTheBounds(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	child := a.issue(other.key.Public(), a.cert)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, c := range []struct {
		name string
		err  error
		good bool
	}{
		{"from", keysize.CheckSignatureFrom(child, a.cert), true},
		{"from another", keysize.CheckSignatureFrom(child, other.cert), false},
		{"by", keysize.CheckSignatureBy(child, a.cert), true},
		{"by another", keysize.CheckSignatureBy(child, other.cert), false},
		{"list", keysize.CheckList(a.list(), a.cert), true},
		{"list of another", keysize.CheckList(a.list(), other.cert), false},
		{"request", keysize.CheckRequest(a.request(false)), true},
		{"forged request", keysize.CheckRequest(a.request(true)), false},
		{"verify", verify(roots, child), true},
		{"verify another", verify(roots, other.cert), false},
		{"verify nothing", verify(roots), false},
	} {
		if (c.err == nil) != c.good {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
}

func verify(roots *x509.CertPool, chain ...*x509.Certificate) error {
	_, err := keysize.Verify(chain, x509.VerifyOptions{Roots: roots})
	return err
}

func (a *authority) list() *x509.RevocationList {
	a.Helper()
	issuer := *a.cert
	issuer.SubjectKeyId = []byte{1}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}, &issuer, a.key)
	if err != nil {
		a.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		a.Fatal(err)
	}
	return list
}

func (a *authority) request(forged bool) *x509.CertificateRequest {
	a.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, a.key)
	if err != nil {
		a.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		a.Fatal(err)
	}
	if forged {
		request.RawTBSCertificateRequest = append(request.RawTBSCertificateRequest, 0)
	}
	return request
}
