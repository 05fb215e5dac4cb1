package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"DER", der},
		{"PEM", text},
		{"the older name", pem.EncodeToMemory(&pem.Block{Type: "NEW CERTIFICATE REQUEST", Bytes: der})},
		{"text before", append([]byte("Certificate Request:\n    Data:\n"), text...)},
		{"byte order mark", append([]byte("\ufeff"), text...)},
		{"Windows", bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))},
		{"both", bytes.ReplaceAll(append([]byte("\ufeff"), text...), []byte("\n"), []byte("\r\n"))},
		{"with curve", append(pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 1, 1}}), text...)},
	} {
		got, err := ReadRequest(tc.data)
		if err != nil || got.Subject.CommonName != "x" || !key.Public().(*ecdsa.PublicKey).Equal(got.PublicKey) {
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		}
	}
}

// A request without proof of its key, or with an unknown kind of key, is refused.
func TestRequestsThatAreRefused(t *testing.T) {
	der := testRequest(t, testKey(t, ECP256))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
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
	for _, c := range []struct {
		name string
		data []byte
		says string
	}{
		{"forged", forged, "not signed with the key that it is for"},
		{"Ed25519", testRequest(t, ed), "want one of"},
		{"a small curve", testRequest(t, small), `"ec-224"`},
		{"a certificate", EncodeCertificates(root.Cert), `a "CERTIFICATE" where`},
		{"two requests", append(bytes.Clone(text), text...), "holds 2 certificate requests"},
		{"one and a half", append(bytes.Clone(text), text[:len(text)/2]...), "only 1 of its 2 PEM blocks can be read"},
		{"its key beside", append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"}), text...), "the key must stay where it is used"},
		{"escapes", pem.EncodeToMemory(&pem.Block{Type: "\x1b[2J"}), "a \"\ufffd[2J\" where"},
		{"cut", der[:len(der)-1], "reading the certificate request"},
		{"nothing", nil, "reading the certificate request"},
	} {
		if got, err := ReadRequest(c.data); err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
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
	for _, tc := range []struct {
		name string
		data []byte
	}{{"DER", der}, {"PEM", EncodeCRL(der)}} {
		list, err := DecodeCRL(tc.data)
		if err != nil || list.Number.Int64() != 7 || ReasonOf(list.RevokedCertificateEntries[0].ReasonCode) != Superseded {
			t.Errorf("%s: %+v, %v", tc.name, list, err)
		}
	}
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil}, {"a page", []byte("<html>")}, {"cut", der[:len(der)-1]}, {"a certificate", EncodeCertificates(root.Cert)},
	} {
		if list, err := DecodeCRL(tc.data); err == nil || list != nil {
			t.Errorf("%s is read", tc.name)
		}
	}
}

func TestReasonsHaveTheCodesOfRFC5280(t *testing.T) {
	for _, tc := range []struct {
		reason RevocationReason
		code   int
	}{
		{Unspecified, 0}, {KeyCompromise, 1}, {CACompromise, 2}, {AffiliationChanged, 3}, {Superseded, 4}, {CessationOfOperation, 5},
	} {
		parsed, err := ParseRevocationReason(strings.ToUpper(string(tc.reason)))
		if err != nil || parsed != tc.reason || parsed.Code() != tc.code || ReasonOf(tc.code) != tc.reason {
			t.Errorf("%s: %s, %v, code %d", tc.reason, parsed, err, parsed.Code())
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

// pssRequest is a request signed with RSA-PSS and a salt of a length, with these digests.
func pssRequest(t *testing.T, key *rsa.PrivateKey, salt int, digest, mask crypto.Hash) []byte {
	t.Helper()
	template, err := x509.ParseCertificateRequest(testRequest(t, key))
	if err != nil {
		t.Fatal(err)
	}
	sum := digest.New()
	sum.Write(template.RawTBSCertificateRequest)
	signature, err := rsa.SignPSS(rand.Reader, key, digest, sum.Sum(nil), &rsa.PSSOptions{SaltLength: salt})
	if err != nil {
		t.Fatal(err)
	}
	return marshal(t, struct {
		Content   asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: template.RawTBSCertificateRequest}, pssAlgorithm(t, salt, digest, mask), asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
}

func pssAlgorithm(t *testing.T, salt int, digest, mask crypto.Hash) pkix.AlgorithmIdentifier {
	t.Helper()
	of := func(hash crypto.Hash) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: map[crypto.Hash]asn1.ObjectIdentifier{
			crypto.SHA1: {1, 3, 14, 3, 2, 26}, crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
			crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
		}[hash]}
	}
	return pkix.AlgorithmIdentifier{Algorithm: oidPSS(), Parameters: asn1.RawValue{FullBytes: marshal(t, struct {
		Digest pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		Mask   pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt   int                      `asn1:"explicit,tag:2"`
	}{of(digest), pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}, Parameters: asn1.RawValue{FullBytes: marshal(t, of(mask))}}, salt})}}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A request proves as much with any length of salt; openssl takes the longest.
func TestRequestsSignedWithPSS(t *testing.T) {
	key := testKey(t, RSA2048).(*rsa.PrivateKey)
	for _, c := range []struct {
		name         string
		salt         int
		digest, mask crypto.Hash
		says         string // or else it is read
	}{
		{"openssl's default", 222, crypto.SHA256, crypto.SHA256, ""},
		{"of the digest", 32, crypto.SHA256, crypto.SHA256, ""},
		{"SHA-1's", 20, crypto.SHA256, crypto.SHA256, ""},
		{"SHA-384", 206, crypto.SHA384, crypto.SHA384, ""},
		{"SHA-512", 190, crypto.SHA512, crypto.SHA512, ""},
		{"SHA-1", 20, crypto.SHA1, crypto.SHA1, "make it with SHA-256"},
		{"mask of SHA-1", 222, crypto.SHA256, crypto.SHA1, "make it with SHA-256"},
	} {
		der := pssRequest(t, key, c.salt, c.digest, c.mask)
		_, err := ReadRequest(der)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		der[len(der)-1] ^= 1
		if _, err := ReadRequest(der); err == nil {
			t.Errorf("%s: read with a forged signature", c.name)
		}
	}
}

// The size of a key is looked at before anything is computed with it.
func TestRequestsWithLargeKeys(t *testing.T) {
	request, err := x509.ParseCertificateRequest(testRequest(t, testKey(t, RSA2048)))
	if err != nil {
		t.Fatal(err)
	}
	large := marshal(t, struct {
		N *big.Int
		E int
	}{new(big.Int).SetBit(big.NewInt(1), 1<<20, 1), 1<<31 - 1})
	content := struct {
		Version int
		Subject asn1.RawValue
		Key     struct {
			Algorithm pkix.AlgorithmIdentifier
			Bits      asn1.BitString
		}
		Attributes []int `asn1:"tag:0"`
	}{Subject: asn1.RawValue{FullBytes: request.RawSubject}}
	content.Key.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
	content.Key.Bits = asn1.BitString{Bytes: large, BitLength: 8 * len(large)}
	der := marshal(t, struct {
		Content   any
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{content, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}, asn1.BitString{Bytes: make([]byte, 1<<17), BitLength: 1 << 20}})
	if _, err := ReadRequest(der); err == nil || !strings.Contains(err.Error(), `"rsa-1048577", want one of`) {
		t.Errorf("%v", err)
	}
}
