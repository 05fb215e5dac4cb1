package ca_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	corex509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/tspclient-go"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func artifact() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("an image"), Size: 8}
}

func verifyAt(root *ca.CA, at time.Time) x509.VerifyOptions {
	return x509.VerifyOptions{Roots: ca.Pool(root.Cert), CurrentTime: at}
}

// open verifies the envelope with notation's own code.
func open(tb testing.TB, envelope *ca.Envelope) *signature.EnvelopeContent {
	tb.Helper()
	parsed := expect.Must(signature.ParseEnvelope(envelope.MediaType, envelope.Raw))(tb)
	return expect.Must(parsed.Verify())(tb)
}

func TestEnvelopesVerify(t *testing.T) {
	signer := newChain(t, ca.Options{}).signer
	expiry := time.Now().Add(time.Hour).Truncate(time.Second)
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		for _, scheme := range []signature.SigningScheme{signature.SigningSchemeX509, signature.SigningSchemeX509SigningAuthority} {
			t.Run(mediaType+" "+string(scheme), func(t *testing.T) {
				envelope := expect.Must(signer.Sign(t.Context(), artifact(), ca.SignOptions{
					MediaType:  mediaType,
					Scheme:     scheme,
					Expiry:     expiry,
					Attributes: []signature.Attribute{ca.PluginAttribute("a-plugin")},
				}))(t)
				content := open(t, envelope)
				info := content.SignerInfo
				if info.SignedAttributes.SigningScheme != scheme || !info.SignedAttributes.Expiry.Equal(expiry) {
					t.Errorf("signed attributes %+v", info.SignedAttributes)
				}
				if !strings.Contains(string(content.Payload.Content), artifact().Digest.String()) {
					t.Errorf("payload %s", content.Payload.Content)
				}
				if len(info.SignedAttributes.ExtendedAttributes) != 1 || !info.SignedAttributes.ExtendedAttributes[0].Critical {
					t.Errorf("extended attributes %+v", info.SignedAttributes.ExtendedAttributes)
				}
				checkThumbprints(t, envelope, signer)
			})
		}
	}
}

func checkThumbprints(t *testing.T, envelope *ca.Envelope, signer *ca.Identity) {
	t.Helper()
	var thumbprints []string
	if err := json.Unmarshal([]byte(envelope.Annotations["io.cncf.notary.x509chain.thumbprint#S256"]), &thumbprints); err != nil {
		t.Fatal(err)
	}
	if len(thumbprints) != 3 || thumbprints[2] != ca.Thumbprint(signer.Root()) {
		t.Errorf("thumbprints %q", thumbprints)
	}
}

// The signing time may be in the past, but must be within the validity of the certificate.
func TestSigningTime(t *testing.T) {
	signer := newChain(t, ca.Options{
		NotBefore: time.Now().AddDate(0, -2, 0),
		NotAfter:  time.Now().AddDate(0, -1, 0),
	}).signer
	past := time.Now().AddDate(0, -1, -7).Truncate(time.Second)
	envelope := expect.Must(signer.Sign(t.Context(), artifact(), ca.SignOptions{SigningTime: past}))(t)
	if got := open(t, envelope).SignerInfo.SignedAttributes.SigningTime; !got.Equal(past) {
		t.Errorf("signed at %s, want %s", got, past)
	}
	if _, err := signer.Sign(t.Context(), artifact(), ca.SignOptions{}); err == nil {
		t.Error("signed today with a certificate that lapsed a month ago")
	}
}

func TestTimestampsVerifyAtAnyTime(t *testing.T) {
	root := expect.Must(ca.NewRoot(ca.Options{NotBefore: time.Now().AddDate(-10, 0, 0)}))(t)
	tsa := expect.Must(rig.NewTSA(root, ca.Options{NotBefore: time.Now().AddDate(-5, 0, 0)}))(t)
	past := time.Now().AddDate(0, -6, 0).Truncate(time.Second)
	server := httptest.NewServer(tsa.At(past))
	t.Cleanup(server.Close)
	overHTTP := expect.Must(tspclient.NewHTTPTimestamper(http.DefaultClient, server.URL))(t)

	for _, tc := range []struct {
		name    string
		keyType ca.KeyType
	}{{"ec-256", ca.ECP256}, {"ec-384", ca.ECP384}, {"ec-521", ca.ECP521}, {"rsa", ca.RSA2048}} {
		t.Run(tc.name, func(t *testing.T) {
			signer := newChain(t, ca.Options{KeyType: tc.keyType, NotBefore: past.AddDate(0, -1, 0)}).signer
			for _, stamper := range []tspclient.Timestamper{overHTTP, tsa.At(past)} {
				envelope := expect.Must(signer.Sign(t.Context(), artifact(), ca.SignOptions{
					SigningTime: past,
					Timestamper: stamper,
					TSARoots:    ca.Pool(root.Cert),
				}))(t)
				checkToken(t, open(t, envelope).SignerInfo, root, past)
			}
		})
	}
}

func checkToken(t *testing.T, info signature.SignerInfo, root *ca.CA, at time.Time) {
	t.Helper()
	token := expect.Must(tspclient.ParseSignedToken(info.UnsignedAttributes.TimestampSignature))(t)
	tst := expect.Must(token.Info())(t)
	stamp := expect.Must(tst.Validate(info.Signature))(t)
	if !stamp.Value.Equal(at) || stamp.Accuracy != time.Second {
		t.Errorf("stamped %s ± %s, want %s", stamp.Value, stamp.Accuracy, at)
	}
	verified, err := token.Verify(t.Context(), verifyAt(root, stamp.Value))
	if err != nil {
		t.Fatal(err)
	}
	if err := corex509.ValidateTimestampingCertChain(verified); err != nil {
		t.Error(err)
	}
}

func TestATimestampAuthorityRejectsNonsense(t *testing.T) {
	root := expect.Must(ca.NewRoot(ca.Options{}))(t)
	server := httptest.NewServer(expect.Must(rig.NewTSA(root, ca.Options{}))(t))
	t.Cleanup(server.Close)
	response := expect.Must(http.Post(server.URL, tspclient.MediaTypeTimestampQuery, strings.NewReader("junk")))(t)
	defer func() { _ = response.Body.Close() }()
	var answer tspclient.Response
	body := make([]byte, 64)
	n, _ := response.Body.Read(body)
	if err := answer.UnmarshalBinary(body[:n]); err != nil || answer.Status.Err() == nil {
		t.Errorf("answered %x, %v", body[:n], err)
	}
}
