package inventory_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// envelope signs with a chain of three.
func envelope(t *testing.T, mediaType string) (raw []byte, signer *ca.Identity) {
	t.Helper()
	root := expect.Must(ca.NewRoot(ca.Options{}))(t)
	intermediate := expect.Must(root.Intermediate(ca.Options{}))(t)
	signer = expect.Must(intermediate.Signer(ca.Options{}))(t)
	image := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("image"), Size: 5}
	return expect.Must(signer.Sign(t.Context(), image, ca.SignOptions{MediaType: mediaType}))(t).Raw, signer
}

func TestChainOfARefusedEnvelope(t *testing.T) {
	for _, mediaType := range []string{ca.JWS, ca.COSE} {
		raw, signer := envelope(t, mediaType)
		whole := signer.Chain[1].Raw
		damaged := bytes.Clone(whole)
		damaged[len(damaged)-1] ^= 1 // of its signature
		if mediaType == ca.JWS {
			whole, damaged = []byte(base64.StdEncoding.EncodeToString(whole)), []byte(base64.StdEncoding.EncodeToString(damaged))
		}
		if bytes.Count(raw, whole) != 1 {
			t.Fatalf("%s: the envelope does not hold the intermediate as it is", mediaType)
		}
		files := inventory.NewFiles()
		files.AddSignature("it", mediaType, bytes.Replace(raw, whole, damaged, 1))
		inv := files.Build(time.Now())
		if len(inv.Problems) != 1 || inv.Problems[0].Kind != inventory.BadSignature {
			t.Errorf("%s: of the envelope it says %v", mediaType, inv.Problems)
		}
		var broken []rules.Rule
		for _, c := range inv.Certs {
			for _, b := range c.Violations {
				broken = append(broken, b.Rule)
			}
		}
		if len(inv.Certs) != 3 || !slices.Contains(broken, rules.RuleSignature) {
			t.Errorf("%s: %d certificates, which break %q", mediaType, len(inv.Certs), broken)
		}
	}
}

func FuzzNoEnvelopePanics(f *testing.F) {
	f.Add(true, []byte(`{"payload":"e30","protected":"e30","header":{"x5c":["AA=="]},"signature":"AA"}`))
	f.Add(false, []byte{0xd2, 0x84, 0x40, 0xa1, 0x18, 0x21, 0x81, 0x41, 0x00, 0x40, 0x40})
	f.Fuzz(func(_ *testing.T, inJWS bool, raw []byte) {
		mediaType := ca.COSE
		if inJWS {
			mediaType = ca.JWS
		}
		files := inventory.NewFiles()
		files.AddSignature("it", mediaType, raw)
		files.Build(time.Unix(0, 0))
	})
}
