package rules

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// rootFor is a root certificate for a public key, without a private one.
func rootFor(t *testing.T, public any) *x509.Certificate {
	t.Helper()
	root, err := ca.NewRoot(ca.Options{KeyType: ca.ECP256})
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
func TestChainsThatAreTooLarge(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	small := rootFor(t, key.Public())
	large := rootFor(t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1<<20, 1), E: 1<<31 - 1})
	for _, c := range []struct {
		name  string
		chain []*x509.Certificate
		rule  Rule
		says  string
	}{
		{"a key", []*x509.Certificate{small, large}, RuleKeyLength, "the key is too large to be checked: RSA with 1048577 bits, and 8192 are the most"},
		{"many", slices.Repeat([]*x509.Certificate{small}, 17), RuleChain, "has 17 certificates, and 16 are the most"},
		{"many and key", slices.Repeat([]*x509.Certificate{large}, 17), RuleChain, "has 17 certificates"},
	} {
		found := Violations(c.chain)
		if len(found) != 1 || found[0].Rule != c.rule || !strings.Contains(found[0].Text, c.says) {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
	if found := Violations(slices.Repeat([]*x509.Certificate{small}, 16)); slices.ContainsFunc(found, func(b Violation) bool { return b.Rule == RuleChain }) {
		t.Errorf("the longest chain: %+v", found)
	}
}
