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
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/tspclient-go"
	gocose "github.com/veraison/go-cose"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// outsizeDetail is what is said of a signature that is too costly to check.
const outsizeDetail = "holds more than is checked"

// hugeKey is a public key without a private key.
func hugeKey(bits int) *rsa.PublicKey {
	n := make([]byte, bits/8)
	_, _ = rand.Read(n)
	n[0], n[len(n)-1] = n[0]|0x80, n[len(n)-1]|1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 1<<31 - 1}
}

// certificate has the key, and is issued by somebody.
func certificate(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	issuer := rig.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now().Add(time.Hour)}
	return rig.Must(x509.CreateCertificate(rand.Reader, template, template, key, issuer))(t)
}

func jwsWith(t *testing.T, chain ...[]byte) blob {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	return blob{mediaType: ca.JWS, raw: rig.Must(json.Marshal(map[string]any{
		"payload": b64([]byte(`{}`)), "protected": b64([]byte(`{"alg":"PS256"}`)), "signature": b64(make([]byte, 256)),
		"header": map[string]any{"x5c": chain},
	}))(t)}
}

func coseWith(t *testing.T, chain any) blob {
	t.Helper()
	message := gocose.NewSign1Message()
	message.Payload, message.Signature = []byte(`{}`), make([]byte, 256)
	message.Headers.Protected.SetAlgorithm(gocose.AlgorithmPS256)
	message.Headers.Unprotected[gocose.HeaderLabelX5Chain] = chain
	return blob{mediaType: ca.COSE, raw: rig.Must(message.MarshalCBOR())(t)}
}

// An envelope of a stranger is refused before anything is computed, also one with a trusted certificate put into its chain;
// one that holds too much is set aside; and a good signature behind each counts.
func TestStrangersAreSetAside(t *testing.T) {
	a := newAuthority()
	r := a.newRealm(t, revocable{})
	root := r.root.Cert.Raw
	huge := certificate(t, hugeKey(16<<10))
	var long [][]byte
	small := rig.Must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t)
	for range 17 {
		long = append(long, certificate(t, small.Public()))
	}
	for _, c := range []struct {
		name   string
		heavy  blob
		reason provider.Reason
		detail string
	}{
		{"huge_key_jws", jwsWith(t, huge), provider.Untrusted, provider.DetailUnknownCA},
		{"huge_key_cose", coseWith(t, []any{huge}), provider.Untrusted, provider.DetailUnknownCA},
		{"huge_key_cose_alone", coseWith(t, huge), provider.Untrusted, provider.DetailUnknownCA},
		{"long_chain", jwsWith(t, long...), provider.Unsupported, outsizeDetail},
		{"longest_chain", jwsWith(t, long[:16]...), provider.Untrusted, provider.DetailUnknownCA},
		{"root_above_strangers", jwsWith(t, append(long[:15:15], root)...), provider.Tampered, "is damaged, or was changed"},
		{"root_below_strangers", jwsWith(t, append([][]byte{root}, long[:15]...)...), provider.Tampered, "is damaged, or was changed"},
		{"root_among_strangers", coseWith(t, []any{long[0], root, long[1]}), provider.Tampered, "is damaged, or was changed"},
		{"root_above_a_huge_key", jwsWith(t, huge, root), provider.Unsupported, outsizeDetail},
		{"root_alone", jwsWith(t, root), provider.Tampered, "is damaged, or was changed"},
		{"no_certificate", jwsWith(t), provider.Tampered, "is damaged, or was changed"},
		{"junk_below_the_root", jwsWith(t, []byte("junk"), root), provider.Tampered, "is damaged, or was changed"},
		{"huge_key_in_a_timestamp", blob{mediaType: ca.JWS, raw: heavyTimestamp(t, r.signer)}, provider.Unsupported, outsizeDetail},
		{"many_values", jwsText(`{"header":` + strings.Repeat("[", 10) + strings.Repeat("[],", 60000) + `0`), provider.Unsupported, outsizeDetail},
		{"junk", jwsText("junk"), provider.Tampered, "is damaged, or was changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf()
			liar := map[string]string{"io.cncf.notary.x509chain.thumbprint#S256": fmt.Sprintf(`[%q]`, ca.Thumbprint(r.root.Cert))}
			s.put(c.heavy, liar)
			open := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}
			verdict, err := verifyNew(t.Context(), t, open.open(t))
			if err != nil || verdict.Reason != c.reason || !strings.Contains(verdict.Detail, c.detail) {
				t.Errorf("alone: %q %q, %v", verdict.Reason, verdict.Detail, err)
			}
			s.sign(t, r.signer, ca.SignOptions{})
			if verdict, err = verifyNew(t.Context(), t, open.open(t)); err != nil || !verdict.Good() {
				t.Errorf("with a good one behind: %q %q, %v", verdict.Reason, verdict.Detail, err)
			}
		})
	}
}

// The name of a stranger is read within bounds. crypto/x509 takes a second, and a GiB, for one that fills an envelope.
func TestLongNamesCostLittle(t *testing.T) {
	a := newAuthority()
	r := a.newRealm(t, revocable{})
	part := pkix.AttributeTypeAndValue{Type: []int{1, 2, 3}, Value: ""}
	key := rig.Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	named := func(parts int) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{ExtraNames: slices.Repeat([]pkix.AttributeTypeAndValue{part}, parts)}}
		return rig.Must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	}
	for _, c := range []struct {
		name   string
		chain  []any
		reason provider.Reason
	}{
		{"certificate_too_large", []any{named(6000)}, provider.Untrusted},
		{"name_too_large", []any{named(700)}, provider.Untrusted},
		{"below_the_root", []any{named(700), r.root.Cert.Raw}, provider.Unsupported},
		{"too_large_below_a_root", []any{named(3000), r.root.Cert.Raw}, provider.Unsupported},
	} {
		s := newShelf()
		s.put(coseWith(t, c.chain), nil)
		opened := setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		verdict, err := verifyNew(t.Context(), t, opened)
		runtime.ReadMemStats(&after)
		is(t, c.reason, verdict, err)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
			t.Errorf("%s: %d KiB were allocated", c.name, grown>>10)
		}
	}
}

func jwsText(text string) blob { return blob{mediaType: ca.JWS, raw: []byte(text)} }

// heavyTimestamp is a genuine signature into whose timestamp, which is not signed, a
// huge certificate was put.
func heavyTimestamp(t *testing.T, signer *ca.Identity) []byte {
	t.Helper()
	root := rig.Must(ca.NewRoot(ca.Options{}))(t)
	tsa := rig.Must(rig.NewTSA(root, ca.Options{}))(t)
	var envelope map[string]any
	if err := json.Unmarshal(sign(t, signer, target, ca.SignOptions{}).Raw, &envelope); err != nil {
		t.Fatal(err)
	}
	text, _ := envelope["signature"].(string)
	signature := rig.Must(base64.RawURLEncoding.DecodeString(text))(t)
	request := rig.Must(tspclient.NewRequest(tspclient.RequestOptions{Content: signature, HashAlgorithm: crypto.SHA256}))(t)
	response := rig.Must(tsa.Timestamp(context.Background(), request))(t)
	header, _ := envelope["header"].(map[string]any)
	header["io.cncf.notary.timestampSignature"] = graft(t, response.TimestampToken.FullBytes, certificate(t, hugeKey(16<<10)))
	return rig.Must(json.Marshal(envelope))(t)
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
	info.Content.Bytes = rig.Must(asn1.Marshal(signed))(t)
	return rig.Must(asn1.Marshal(info))(t)
}

// An undecided image has the results of its signatures, too.
func TestAnUndecidedImageHasItsSignatures(t *testing.T) {
	a := newAuthority()
	r := a.newRealm(t, revocable{})
	s := newShelf()
	s.put(blob{raw: []byte("junk"), mediaType: ca.JWS}, nil)
	s.put(blob{err: provider.ErrNotFound}, nil)
	_, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s, authority: a}.open(t))
	told := provider.AsUndecided(err).Signatures
	if len(told) != 2 || told[0].Reason != provider.Tampered || told[1].Undecided != provider.CauseRegistry {
		t.Errorf("told of %+v", told)
	}
}
