package ca_test

import (
	"bytes"
	"crypto"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// publicAlone is a public key without its private half.
func publicAlone(t *testing.T) crypto.PublicKey {
	t.Helper()
	return expect.Must(ca.ECP256.Generate())(t).Public()
}

// A certificate of an external key has the same fields as one of our own key.
func TestCertificateOfAnExternalKey(t *testing.T) {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := expect.Must(ca.ECP256.Generate())(t)
	ours, err := root.Intermediate(ca.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := root.Intermediate(ca.Options{Public: key.Public(), KeyType: ca.ECP384})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(ours.Cert.SubjectKeyId, theirs.Cert.SubjectKeyId) || !bytes.Equal(theirs.Cert.AuthorityKeyId, root.Cert.SubjectKeyId) {
		t.Errorf("key identifiers %x and %x below %x", theirs.Cert.SubjectKeyId, theirs.Cert.AuthorityKeyId, root.Cert.SubjectKeyId)
	}
	if !bytes.Equal(ours.Cert.RawSubjectPublicKeyInfo, theirs.Cert.RawSubjectPublicKeyInfo) || theirs.Key != nil {
		t.Errorf("certified %v; the key is %T", theirs.Cert.PublicKey, theirs.Key)
	}
	if broken := rules.Violations(theirs.Chain); len(broken) > 0 || len(theirs.Chain) != 2 {
		t.Errorf("%d certificates, violations %+v", len(theirs.Chain), broken)
	}
	// Only the holder of the key can issue with it.
	if _, err := theirs.Signer(ca.Options{}); err == nil {
		t.Error("a certificate was issued without the issuer's key")
	}
	if der, err := theirs.CRL(ca.CRLOptions{}); err == nil || der != nil || !strings.Contains(err.Error(), "its key lives elsewhere") {
		t.Errorf("a CRL without the issuer's key: %v", err)
	}
	theirs.Key = key
	signer, err := theirs.Signer(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if broken := rules.Violations(signer.Chain); len(broken) > 0 {
		t.Errorf("violations %+v", broken)
	}
}

func TestAPublicKeyAloneSignsNoCertificateForItself(t *testing.T) {
	for _, tc := range []struct {
		name string
		key  crypto.Signer
	}{{"alone", nil}, {"beside another key", expect.Must(ca.ECP256.Generate())(t)}} {
		o := ca.Options{Public: publicAlone(t), Key: tc.key}
		if root, err := ca.NewRoot(o); err == nil || root != nil || !strings.Contains(err.Error(), "a certificate that signs itself needs its private key") {
			t.Errorf("%s: a root: %v", tc.name, err)
		}
		if signer, err := ca.SelfSigned(o); err == nil || signer != nil || !strings.Contains(err.Error(), "a certificate that signs itself needs its private key") {
			t.Errorf("%s: a signer: %v", tc.name, err)
		}
	}
}

func TestAPublicKeyThatIsNoneIsAnErrorAndNoPanic(t *testing.T) {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		public crypto.PublicKey
	}{{"a private key", expect.Must(ca.ECP256.Generate())(t)}, {"a text", "key"}, {"a number", 7}} {
		if got, err := root.Signer(ca.Options{Public: tc.public}); err == nil || got != nil {
			t.Errorf("%s is certified", tc.name)
		}
	}
}

func TestWithoutItsKeyACertificateSignsNothing(t *testing.T) {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := root.Signer(ca.Options{Public: publicAlone(t)})
	if err != nil {
		t.Fatal(err)
	}
	if envelope, err := signer.Sign(t.Context(), ocispec.Descriptor{}, ca.SignOptions{}); err == nil || envelope != nil {
		t.Error("it signs an image")
	}
	if text, err := ca.EncodeKey(signer.Key); err == nil || text != nil {
		t.Error("its key is written")
	}
	if text, err := ca.EncodeEncryptedKey(signer.Key, []byte("correct horse battery staple")); err == nil || text != nil {
		t.Error("its key is written, encrypted")
	}
}
