package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// withKey is a root certificate for a public key, without a private one.
func withKey(t *testing.T, public any) *x509.Certificate {
	t.Helper()
	root, err := NewRoot(Options{KeyType: ECP256})
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, root.Cert, root.Cert, public, root.Key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// A stranger's key and a stranger's chain are not computed with where the provider would not.
func TestBreachesOfWhatIsTooLarge(t *testing.T) {
	key := testKey(t, ECP256).(*ecdsa.PrivateKey)
	small := withKey(t, key.Public())
	large := withKey(t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1<<20, 1), E: 1<<31 - 1})
	for name, c := range map[string]struct {
		chain []*x509.Certificate
		rule  Rule
		says  string
	}{
		"a key":        {[]*x509.Certificate{small, large}, RuleKeyLength, "the key is too large to be checked: RSA with 1048577 bits, and 8192 are the most"},
		"many":         {slices.Repeat([]*x509.Certificate{small}, 17), RuleChain, "has 17 certificates, and 16 are the most"},
		"many and key": {slices.Repeat([]*x509.Certificate{large}, 17), RuleChain, "has 17 certificates"},
	} {
		found := Breaches(c.chain)
		if len(found) != 1 || found[0].Rule != c.rule || !strings.Contains(found[0].Text, c.says) {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if found := Breaches(slices.Repeat([]*x509.Certificate{small}, 16)); slices.ContainsFunc(found, func(b Breach) bool { return b.Rule == RuleChain }) {
		t.Errorf("the longest chain: %+v", found)
	}
}

// Reading an RSA key computes with its numbers: the length comes first.
func TestPrivateKeysThatAreTooLarge(t *testing.T) {
	number := new(big.Int).SetBit(big.NewInt(1), 1<<19, 1)
	der, err := asn1.Marshal(struct {
		Version               int
		N                     *big.Int
		E                     int
		D, P, Q, DP, DQ, QInv *big.Int
	}{0, number, 65537, number, number, number, number, number, number})
	if err != nil {
		t.Fatal(err)
	}
	if key := PublicOf(der); key != nil {
		t.Error("read")
	}
	none := func() ([]byte, error) { return nil, nil }
	for _, kind := range []string{"RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"} {
		text := strings.Replace(string(EncodeCRL(der)), "X509 CRL", kind, 2)
		if _, err := DecodeKey([]byte(text), none); err == nil || !strings.Contains(err.Error(), "too large to be read") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The public half of each key that is made is found in each form that others write.
func TestPublicHalves(t *testing.T) {
	for _, kind := range []KeyType{ECP256, RSA2048} {
		key := testKey(t, kind)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		forms := [][]byte{der}
		switch key := key.(type) {
		case *rsa.PrivateKey:
			forms = append(forms, x509.MarshalPKCS1PrivateKey(key))
		case *ecdsa.PrivateKey:
			sec1, err := x509.MarshalECPrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			forms = append(forms, sec1)
		}
		for i, der := range forms {
			if public, ok := PublicOf(der).(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
				t.Errorf("%s, form %d: %v", kind, i, PublicOf(der))
			}
		}
	}
	if PublicOf([]byte("junk")) != nil {
		t.Error("junk is a key")
	}
}
