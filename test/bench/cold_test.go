package bench

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/notaryproject/notation-go"
	notationregistry "github.com/notaryproject/notation-go/registry"
	notationverifier "github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// coldImages take turns, so that what lies below the cache does not make the next check of an image a warm one.
const coldImages = 24

const (
	signatures = 20
	timeout    = 5 * time.Second
)

// verify checks one image by its tag, and returns the digest that is verified.
type verify func(ctx context.Context, image rig.Image) (digest string, err error)

// One check after the other, of SKAO's recipe (RSA-4096, signer RSA-3072) and of elliptic curve keys. They are made on a
// registry with the referrers API and on one with the tag schema. This process does the work of both sides and of the
// registry, so the ratios look a little nearer to 1 than they are.
func BenchmarkCold(b *testing.B) {
	for _, chain := range []struct {
		name        string
		cas, signer ca.KeyType
	}{{"rsa", ca.RSA4096, ca.RSA3072}, {"ec", ca.ECP256, ca.ECP256}} {
		root := rig.Must(ca.NewRoot(ca.Options{KeyType: chain.cas}))(b)
		intermediate := rig.Must(root.Intermediate(ca.Options{KeyType: chain.cas}))(b)
		signer := rig.Must(intermediate.Signer(ca.Options{KeyType: chain.signer}))(b)
		for _, kind := range []rig.Kind{rig.API, rig.Tag} {
			w := rig.ForTest(b)
			r := w.Registry(rig.RegistryOptions{Kind: kind})
			images := pushSigned(w, r, coldImages, rig.Signature{By: signer})
			trusted := w.Trust("*")
			trusted.Stores, trusted.Policies[0].TrustStores = nil, nil
			trusted.Add("ca:skao-oci", signer.Root())
			for _, side := range []struct {
				impl   string
				verify verify
			}{{"floor", bare(b, r, images, trusted)}, {"ours", full(b, w, r, trusted)}} {
				b.Run(fmt.Sprintf("chain=%s/referrers=%s/impl=%s", chain.name, kind, side.impl), func(b *testing.B) {
					check(b, r, images, side.verify)
				})
			}
		}
	}
}

// check verifies image after image, and counts what the registry is asked.
func check(b *testing.B, r *rig.Registry, images []rig.Image, verify verify) {
	r.Forget()
	for turn := 0; b.Loop(); turn++ {
		image := images[turn%len(images)]
		if digest, err := verify(b.Context(), image); err != nil || digest != image.Descriptor.Digest.String() {
			b.Fatalf("%s: %q verified: %v", image.Tagged(), digest, err)
		}
	}
	b.ReportMetric(float64(r.Count())/float64(b.N), "requests/op")
}

// bare is notation.Verify with all that a program may keep that embeds it. That is connections, the verifier, and
// for each repository a client that has learnt how the registry lists signatures. It resolves a tag first, as the
// notation command does: notation.Verify finds no trust policy for a tag.
func bare(b *testing.B, r *rig.Registry, images []rig.Image, trusted rig.Trust) verify {
	b.Helper()
	v := rig.Must(notationverifier.NewWithOptions(trusted.Document(), inMemory(trusted.Stores), nil, notationverifier.VerifierOptions{}))(b)
	repositories := map[string]notationregistry.Repository{}
	var client remote.Client // one pool for all
	for _, image := range images {
		repository := rig.Must(r.Remote(image.Repository))(b)
		if client == nil {
			client = repository.Client
		}
		repository.Client = client
		repositories[image.Repository] = notationregistry.NewRepository(repository)
	}
	return func(ctx context.Context, image rig.Image) (string, error) {
		repository := repositories[image.Repository]
		resolved, err := repository.Resolve(ctx, image.Tag)
		if err != nil {
			return "", err
		}
		desc, _, err := notation.Verify(ctx, v, repository, notation.VerifyOptions{
			ArtifactReference:    image.Name() + "@" + resolved.Digest.String(),
			MaxSignatureAttempts: signatures,
		})
		return desc.Digest.String(), err
	}
}

// inMemory is a trust store that reads no files: notation-go's own reads them for each signature.
type inMemory map[string][]*x509.Certificate

// GetCertificates implements truststore.X509TrustStore.
func (m inMemory) GetCertificates(_ context.Context, kind truststore.Type, name string) ([]*x509.Certificate, error) {
	return m[string(kind)+":"+name], nil
}

// full is ours: registry and verifier, without a cache.
func full(b *testing.B, w *rig.Test, r *rig.Registry, trusted rig.Trust) verify {
	b.Helper()
	dir := w.WriteTrust(trusted)
	authority := filepath.Join(dir, "registry.crt")
	if err := os.WriteFile(authority, r.CAPEM(), 0o600); err != nil {
		b.Fatal(err)
	}
	registries := rig.Must(registry.New(registry.Options{
		Registries: []config.Registry{{Host: r.Host, CAFile: authority, Referrers: config.ReferrersAuto}},
		Guard:      egress.NewGuard(), RequestTimeout: timeout, UserAgent: "bench",
	}))(b)
	b.Cleanup(registries.Close)
	v := rig.Must(verifier.New(verifier.Options{
		Trust:         rig.Must(trust.Open(filepath.Join(dir, "trustpolicy.json"), filepath.Join(dir, "truststore")))(b),
		Repository:    func(image provider.Image) verifier.Repository { return registries.Repository(image) },
		Signatures:    signatures,
		Revocation:    egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: timeout, BodyBytes: 1 << 20}}),
		RevocationAge: time.Minute,
	}))(b)
	return func(ctx context.Context, asked rig.Image) (string, error) {
		image, err := provider.ParseImage(asked.Tagged())
		if err != nil {
			return "", err
		}
		policy, ok := v.Snapshot().Verifier(image)
		if !ok {
			return "", fmt.Errorf("no policy covers %s", image)
		}
		desc, err := registries.Resolve(ctx, image)
		if err != nil {
			return "", err
		}
		verdict, err := policy.Verify(ctx, image.At(desc.Digest), desc)
		if err != nil {
			return "", err
		}
		if !verdict.Good() {
			return "", fmt.Errorf("%s: %s", verdict.Reason, verdict.Detail)
		}
		return verdict.Image.Digest.String(), nil
	}
}
