package trust_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

const day = 24 * time.Hour

// authority is a chain of three, made once for all tests: keys take time.
type authority struct{ root, intermediate, leaf *x509.Certificate }

var skao, stranger = sync.OnceValue(newAuthority), sync.OnceValue(newAuthority)

func newAuthority() authority {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		panic(err)
	}
	intermediate, err := root.Intermediate(ca.Options{})
	if err != nil {
		panic(err)
	}
	leaf, err := intermediate.Signer(ca.Options{})
	if err != nil {
		panic(err)
	}
	return authority{root.Cert, intermediate.Cert, leaf.Cert}
}

// rootUntil is a root certificate that holds from one day to another.
func rootUntil(t *testing.T, from, to time.Time) *x509.Certificate {
	t.Helper()
	issuer, err := ca.NewRoot(ca.Options{NotBefore: from, NotAfter: to})
	if err != nil {
		t.Fatal(err)
	}
	return issuer.Cert
}

// rootWithEmail is a root certificate with an emailAddress in its name.
func rootWithEmail(t *testing.T) *x509.Certificate {
	t.Helper()
	issuer, err := ca.NewRoot(ca.Options{Subject: pkix.Name{
		Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "ca@skao.int"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return issuer.Cert
}

func selfSigned(t *testing.T) *x509.Certificate {
	t.Helper()
	id, err := ca.SelfSigned(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return id.Cert
}

// files is a folder with a trust policy and trust stores.
type files struct {
	testing.TB
	dir string
}

// newFiles has the store ca:skao with SKAO's root, and no policy yet.
func newFiles(t testing.TB) files {
	t.Helper()
	f := files{t, t.TempDir()}
	f.store("ca:skao", "root.pem", skao().root)
	return f
}

func (f files) policyFile() string { return filepath.Join(f.dir, "trustpolicy.json") }
func (f files) storeDir() string   { return filepath.Join(f.dir, "truststore") }

func (f files) path(store, file string) string {
	kind, name, _ := strings.Cut(store, ":")
	return filepath.Join(f.storeDir(), "x509", kind, name, file)
}

func (f files) write(path string, content []byte) {
	f.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		f.Fatal(err)
	}
}

func (f files) store(store, file string, certificates ...*x509.Certificate) {
	f.Helper()
	f.write(f.path(store, file), ca.EncodeCertificates(certificates...))
}

func (f files) remove(path string) {
	f.Helper()
	if err := os.RemoveAll(path); err != nil {
		f.Fatal(err)
	}
}

func (f files) policy(statements ...trustpolicy.TrustPolicy) {
	f.Helper()
	text, err := json.Marshal(trustpolicy.Document{Version: "1.0", TrustPolicies: statements})
	if err != nil {
		f.Fatal(err)
	}
	f.write(f.policyFile(), text)
}

func (f files) load() *trust.Snapshot {
	f.Helper()
	s, err := trust.Load(f.policyFile(), f.storeDir())
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// refused fails the test unless loading fails, with each of the fragments.
func (f files) refused(fragments ...string) (message string) {
	f.Helper()
	s, err := trust.Load(f.policyFile(), f.storeDir())
	if err == nil {
		f.Errorf("loaded, but should have said %q", fragments)
		return ""
	}
	if s != nil {
		f.Errorf("a snapshot came with the error %v", err)
	}
	for _, fragment := range fragments {
		if !strings.Contains(err.Error(), fragment) {
			f.Errorf("got  %v\nwant %q", err, fragment)
		}
	}
	return err.Error()
}

// statement is one that is good, strict and trusts all of ca:skao.
func statement(name string, scopes ...string) trustpolicy.TrustPolicy {
	return trustpolicy.TrustPolicy{
		Name:                  name,
		RegistryScopes:        scopes,
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustStores:           []string{"ca:skao"},
		TrustedIdentities:     []string{"*"},
	}
}

// only returns the one policy of a snapshot.
func only(t testing.TB, s *trust.Snapshot) *trust.Policy {
	t.Helper()
	if len(s.Policies()) != 1 {
		t.Fatalf("%d policies, want one", len(s.Policies()))
	}
	return s.Policies()[0]
}

// withLargeKey is a CA certificate for a key that must not be computed with.
func withLargeKey(t *testing.T) *x509.Certificate {
	t.Helper()
	issuer, err := ca.NewRoot(ca.Options{KeyType: ca.ECP256})
	if err != nil {
		t.Fatal(err)
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1<<18, 1), E: 1<<31 - 1}
	der, err := x509.CreateCertificate(rand.Reader, issuer.Cert, issuer.Cert, public, issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
