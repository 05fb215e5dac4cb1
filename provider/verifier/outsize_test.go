package verifier_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/tspclient-go"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/pki"
)

// outsizeDetail is what is said of a signature that nobody should have to check.
const outsizeDetail = "too large, to be checked"

// hugeKey is a public key that nobody has the other half of.
func hugeKey(bits int) *rsa.PublicKey {
	n := make([]byte, bits/8)
	_, _ = rand.Read(n)
	n[0], n[len(n)-1] = n[0]|0x80, n[len(n)-1]|1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 1<<31 - 1}
}

// certificate has the key, and is issued by somebody.
func certificate(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	issuer := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	return must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key, issuer))
}

func jwsWith(t *testing.T, chain ...[]byte) blob {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	return blob{mediaType: pki.JWS, raw: must[[]byte](t)(json.Marshal(map[string]any{
		"payload": b64([]byte(`{}`)), "protected": b64([]byte(`{"alg":"PS256"}`)), "signature": b64(make([]byte, 256)),
		"header": map[string]any{"x5c": chain},
	}))}
}

func coseWith(t *testing.T, chain any) blob {
	t.Helper()
	message := gocose.NewSign1Message()
	message.Payload, message.Signature = []byte(`{}`), make([]byte, 256)
	message.Headers.Protected.SetAlgorithm(gocose.AlgorithmPS256)
	message.Headers.Unprotected[gocose.HeaderLabelX5Chain] = chain
	return blob{mediaType: pki.COSE, raw: must[[]byte](t)(message.MarshalCBOR())}
}

func TestASignatureThatTakesTooMuchToCheckIsSetAsideAndAGoodOneBehindItCounts(t *testing.T) {
	huge := certificate(t, hugeKey(16<<10))
	var long [][]byte
	small := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for range 17 {
		long = append(long, certificate(t, small.Public()))
	}
	for name, heavy := range map[string]blob{
		"a huge key in a JWS":          jwsWith(t, huge),
		"a huge key in a COSE chain":   coseWith(t, []any{huge}),
		"a huge key in COSE by itself": coseWith(t, huge),
		"a long chain in a JWS":        jwsWith(t, long...),
		"a huge key behind small ones": jwsWith(t, append(long[:3:3], huge)...),
		"a huge key in a timestamp":    {mediaType: pki.JWS, raw: heavyTimestamp(t)},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority()
			r := a.newRealm(t, revocable{})
			s := newShelf()
			liar := map[string]string{"io.cncf.notary.x509chain.thumbprint#S256": fmt.Sprintf(`[%q]`, pki.Thumbprint(r.root.Cert))}
			s.put(heavy, liar)
			open := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}
			verdict, err := judge(t.Context(), t, open.open(t))
			if err != nil || verdict.Reason != provider.Unsupported || !strings.Contains(verdict.Detail, outsizeDetail) {
				t.Errorf("alone: %q %q, %v", verdict.Reason, verdict.Detail, err)
			}
			s.sign(t, r.signer, pki.SignOptions{})
			if verdict, err = judge(t.Context(), t, open.open(t)); err != nil || !verdict.Good() {
				t.Errorf("with a good one behind: %q %q, %v", verdict.Reason, verdict.Detail, err)
			}
		})
	}
}

// heavyTimestamp is a genuine signature into whose timestamp, which nobody signs, a
// huge certificate was put.
func heavyTimestamp(t *testing.T) []byte {
	t.Helper()
	r := newAuthority().newRealm(t, revocable{})
	root := must[*pki.CA](t)(pki.NewRoot(pki.Options{}))
	tsa := must[*pki.TSA](t)(root.TSA(pki.Options{}))
	var envelope map[string]any
	if err := json.Unmarshal(sign(t, r.signer, target, pki.SignOptions{}).Raw, &envelope); err != nil {
		t.Fatal(err)
	}
	text, _ := envelope["signature"].(string)
	signature := must[[]byte](t)(base64.RawURLEncoding.DecodeString(text))
	request := must[*tspclient.Request](t)(tspclient.NewRequest(tspclient.RequestOptions{Content: signature, HashAlgorithm: crypto.SHA256}))
	response := must[*tspclient.Response](t)(tsa.Timestamp(context.Background(), request))
	header, _ := envelope["header"].(map[string]any)
	header["io.cncf.notary.timestampSignature"] = graft(t, response.TimestampToken.FullBytes, certificate(t, hugeKey(16<<10)))
	return must[[]byte](t)(json.Marshal(envelope))
}

// graft puts a certificate among those of a CMS (RFC 5652 section 5.1).
func graft(t *testing.T, token, der []byte) []byte {
	t.Helper()
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	if _, err := asn1.Unmarshal(token, &info); err != nil {
		t.Fatal(err)
	}
	var signed struct {
		Version                  int
		Digests, Content         asn1.RawValue
		Certificates, SignerInfo asn1.RawValue
	}
	if _, err := asn1.Unmarshal(info.Content.Bytes, &signed); err != nil {
		t.Fatal(err)
	}
	signed.Certificates.FullBytes = nil
	signed.Certificates.Bytes = append(append([]byte{}, signed.Certificates.Bytes...), der...)
	info.Content.FullBytes = nil
	info.Content.Bytes = must[[]byte](t)(asn1.Marshal(signed))
	return must[[]byte](t)(asn1.Marshal(info))
}

func TestWhatBecameOfTheSignaturesIsToldOfTheUndecidedToo(t *testing.T) {
	a := newAuthority()
	r := a.newRealm(t, revocable{})
	s := newShelf()
	s.put(blob{raw: []byte("junk"), mediaType: pki.JWS}, nil)
	s.put(blob{err: provider.ErrNotFound}, nil)
	_, err := judge(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t))
	told := provider.AsUndecided(err).Signatures
	if len(told) != 2 || told[0].Reason != provider.Tampered || told[1].Undecided != provider.StageRegistry {
		t.Errorf("told of %+v", told)
	}
}
