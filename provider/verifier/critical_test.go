package verifier_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	notationverifier "github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// bare is a shelf as notation-go itself takes it.
type bare struct{ *shelf }

func (b bare) Resolve(ctx context.Context, _ string) (ocispec.Descriptor, error) {
	return b.shelf.Resolve(ctx)
}

func (b bare) ListSignatures(_ context.Context, _ ocispec.Descriptor, fn func([]ocispec.Descriptor) error) error {
	return fn(b.list)
}

func (b bare) FetchSignatureBlob(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	return b.Envelope(ctx, manifest)
}

func (b bare) PushSignature(context.Context, string, []byte, ocispec.Descriptor, map[string]string) (blobDesc, manifestDesc ocispec.Descriptor, err error) {
	panic("nothing is pushed")
}

// notationSays is notation.Verify with nothing of ours around it.
func notationSays(t *testing.T, trusted rig.Trust, s *shelf) error {
	t.Helper()
	dir := t.TempDir()
	if err := trusted.Write(dir); err != nil {
		t.Fatal(err)
	}
	files := rig.Must(trust.Open(filepath.Join(dir, "trustpolicy.json"), filepath.Join(dir, "truststore")))(t)
	policy, _ := files.Current().Find(image.Repository)
	judge, err := notationverifier.NewWithOptions(policy.Document(), policy, nil, notationverifier.VerifierOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = notation.Verify(t.Context(), judge, bare{s}, notation.VerifyOptions{ArtifactReference: image.String(), MaxSignatureAttempts: 10})
	return err
}

// The guard against critical attributes is ours because notation-go leaves them to plugins, and ignores them where a signature
// names no plugin. Should notation-go start to refuse them, this test says so.
func TestAnUnknownCriticalAttributeIsRefused(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	trusted := trusting(r.root.Cert, trustpolicy.SignatureVerification{})
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		for _, c := range []struct {
			name      string
			attribute signature.Attribute
			notation  bool // whether notation-go verifies it
			reason    provider.Reason
			says      string
		}{
			{"critical", signature.Attribute{Key: "org.example.purpose", Critical: true, Value: "demo"}, true, provider.Unsupported, `"org.example.purpose"`},
			{"not critical", signature.Attribute{Key: "org.example.purpose", Value: "demo"}, true, provider.Verified, ""},
			{"a plugin", ca.PluginAttribute("com.example.plugin"), false, provider.Unsupported, "plugin"},
			{
				"a plugin's least version",
				signature.Attribute{Key: "io.cncf.notary.verificationPluginMinVersion", Critical: true, Value: "1.0.0"}, true, provider.Unsupported, "critical",
			},
			{"a long one", signature.Attribute{Key: strings.Repeat("k", 9000), Critical: true, Value: "demo"}, true, provider.Unsupported, "kkk"},
		} {
			t.Run(mediaType+" "+c.name, func(t *testing.T) {
				s := newShelf()
				s.sign(t, r.signer, ca.SignOptions{MediaType: mediaType, Attributes: []signature.Attribute{c.attribute}})
				if err := notationSays(t, trusted, s); (err == nil) != c.notation {
					t.Errorf("notation-go itself: %v", err)
				}
				verdict, err := verifyNew(t.Context(), t, setup{trust: trusted, shelf: s}.open(t))
				is(t, c.reason, verdict, err)
				if !strings.Contains(verdict.Detail, c.says) {
					t.Errorf("%q, want %q", verdict.Detail, c.says)
				}
			})
		}
	}
}

func TestAGoodSignatureBehindACriticalOneIsFound(t *testing.T) {
	r := newAuthority().newRealm(t, revocable{})
	s := newShelf()
	s.sign(t, r.signer, ca.SignOptions{Attributes: []signature.Attribute{{Key: "org.example", Critical: true, Value: "x"}}})
	s.sign(t, r.signer, ca.SignOptions{})
	verdict, err := verifyNew(t.Context(), t, setup{trust: trusting(r.root.Cert, trustpolicy.SignatureVerification{}), shelf: s}.open(t))
	is(t, provider.Verified, verdict, err)
	if len(verdict.Signatures) != 2 || verdict.Signatures[0].Reason != provider.Unsupported {
		t.Errorf("%+v", verdict.Signatures)
	}
}
