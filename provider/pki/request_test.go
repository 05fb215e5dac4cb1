package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

func testRequest(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestARequestIsReadInPEMAndInDER(t *testing.T) {
	key := testKey(t, ECP384)
	der := testRequest(t, key)
	for name, data := range map[string][]byte{
		"DER":            der,
		"PEM":            pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
		"the older name": pem.EncodeToMemory(&pem.Block{Type: "NEW CERTIFICATE REQUEST", Bytes: der}),
	} {
		got, err := ReadRequest(data)
		if err != nil || got.Subject.CommonName != "x" || !key.Public().(*ecdsa.PublicKey).Equal(got.PublicKey) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestARequestThatProvesNothingOrIsForAnUnknownKeyIsRefused(t *testing.T) {
	der := testRequest(t, testKey(t, ECP256))
	forged := append([]byte(nil), der...)
	forged[len(forged)-1] ^= 1
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"forged":        {forged, "not signed with the key that it is for"},
		"Ed25519":       {testRequest(t, ed), "want one of"},
		"a small curve": {testRequest(t, small), `"ec-224"`},
		"a certificate": {EncodeCertificates(root.Cert), `a "CERTIFICATE" where`},
		"cut":           {der[:len(der)-1], "reading the certificate request"},
		"nothing":       {nil, "reading the certificate request"},
	} {
		if got, err := ReadRequest(c.data); err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}

func TestACertificateForARequestHasItsKeyAndBringsNone(t *testing.T) {
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := testKey(t, ECP256)
	signer, err := root.Signer(Options{Public: key.Public(), Key: testKey(t, ECP256)})
	if err != nil {
		t.Fatal(err)
	}
	if signer.Key != nil || !key.Public().(*ecdsa.PublicKey).Equal(signer.Cert.PublicKey) {
		t.Errorf("key %T; certified %v", signer.Key, signer.Cert.PublicKey)
	}
	if _, err := NewRoot(Options{Public: key.Public()}); err == nil || !strings.Contains(err.Error(), "needs its private key") {
		t.Errorf("a root for another's key: %v", err)
	}
}

func TestACRLIsReadInPEMAndInDERAndNothingElseIs(t *testing.T) {
	root, err := NewRoot(Options{})
	if err != nil {
		t.Fatal(err)
	}
	der, err := root.CRL(CRLOptions{Number: 7, Revoked: []x509.RevocationListEntry{{SerialNumber: big.NewInt(9), RevocationTime: root.Cert.NotBefore, ReasonCode: Superseded.Code()}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"DER": der, "PEM": EncodeCRL(der)} {
		list, err := DecodeCRL(data)
		if err != nil || list.Number.Int64() != 7 || ReasonOf(list.RevokedCertificateEntries[0].ReasonCode) != Superseded {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a page": []byte("<html>"), "cut": der[:len(der)-1], "a certificate": EncodeCertificates(root.Cert),
	} {
		if list, err := DecodeCRL(data); err == nil || list != nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestReasonsHaveTheCodesOfRFC5280(t *testing.T) {
	for reason, code := range map[RevocationReason]int{
		Unspecified: 0, KeyCompromise: 1, CACompromise: 2, AffiliationChanged: 3, Superseded: 4, CessationOfOperation: 5,
	} {
		parsed, err := ParseRevocationReason(strings.ToUpper(string(reason)))
		if err != nil || parsed != reason || parsed.Code() != code || ReasonOf(code) != reason {
			t.Errorf("%s: %s, %v, code %d", reason, parsed, err, parsed.Code())
		}
	}
	// 6 holds a certificate back for a while, 8 takes it off the list again; -1 is no reason at all.
	for _, code := range []int{-1, 6, 8, 99} {
		if got := ReasonOf(code); !strings.HasPrefix(string(got), "reason ") {
			t.Errorf("%d is %q", code, got)
		}
	}
	for _, name := range []string{"", "certificateHold", "removeFromCRL", "reason 1", "1"} {
		if got, err := ParseRevocationReason(name); err == nil || got != "" {
			t.Errorf("%q is %q", name, got)
		}
	}
}
