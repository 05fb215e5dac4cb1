package inventory_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// alike are CA certificates of one name and key identifier, each with a key of its own.
func alike(t *testing.T, n int, public func() any) []*x509.Certificate {
	t.Helper()
	root := expect.Must(ca.NewRoot(ca.Options{}))(t)
	template := *root.Cert
	var certs []*x509.Certificate
	for i := range n {
		template.SerialNumber = big.NewInt(int64(i + 1))
		der := expect.Must(x509.CreateCertificate(rand.Reader, &template, root.Cert, public(), root.Key))(t)
		certs = append(certs, expect.Must(x509.ParseCertificate(der))(t))
	}
	return certs
}

func read(t *testing.T, content []byte) *inventory.Inventory {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return expect.Must(inventory.Read(file))(t).Build(time.Now())
}

// A key that is too large is told, and not computed with: that would take minutes.
func TestLargeKeysAreTold(t *testing.T) {
	public := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1<<19, 1), E: 1<<31 - 1}
	inv := read(t, ca.EncodeCertificates(alike(t, 1, func() any { return public })...))
	if len(inv.Certs) != 1 || len(inv.Certs[0].Violations) != 1 || inv.Certs[0].Violations[0].Rule != rules.RuleKeyLength {
		t.Errorf("%+v", inv.Certs[0].Violations)
	}
}

// Many CAs of one name do not multiply, and that not all was looked at is told.
func TestManyNamesakesAreBounded(t *testing.T) {
	key := expect.Must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t)
	certs := alike(t, 500, func() any { return key.Public() })
	files := inventory.NewFiles()
	for i := 0; i+10 <= len(certs); i += 10 {
		files.AddSignature("signature", ca.JWS, jws(t, certs[i:i+10]))
	}
	files.SetBudget(2000)
	inv := files.Build(time.Now())
	told := slices.ContainsFunc(inv.Problems, func(p inventory.Problem) bool {
		return p.Kind == inventory.Unreadable && strings.Contains(p.Text, "there are too many certificates")
	})
	if len(inv.Certs) != 500 || !told {
		t.Errorf("%d certificates, told %v", len(inv.Certs), told)
	}
}

// jws is an envelope that holds certificates, and nothing else that is right.
func jws(t *testing.T, certs []*x509.Certificate) []byte {
	t.Helper()
	var chain [][]byte
	for _, c := range certs {
		chain = append(chain, c.Raw)
	}
	return expect.Must(json.Marshal(map[string]any{"payload": "", "protected": "", "signature": "", "header": map[string]any{"x5c": chain}}))(t)
}
