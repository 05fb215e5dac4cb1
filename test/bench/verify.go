package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/notaryproject/notation-go"
	notationregistry "github.com/notaryproject/notation-go/registry"
	notationverifier "github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// bare is notation.Verify with what notation-go brings along. It keeps what a
// program that embeds it can keep: the connections, the verifier, and for each
// repository a client that has learnt how the registry lists signatures.
type bare struct {
	verifier     notation.Verifier
	repositories map[string]notationregistry.Repository
}

func (s *shelf) bare() (*bare, error) {
	v, err := notationverifier.NewWithOptions(s.trust.Document(), inMemory(s.trust.Stores), nil, notationverifier.VerifierOptions{})
	if err != nil {
		return nil, err
	}
	b := &bare{verifier: v, repositories: map[string]notationregistry.Repository{}}
	var client remote.Client
	for _, image := range s.images {
		repository, err := s.registry.Remote(image.Repository)
		if err != nil {
			return nil, err
		}
		if client == nil {
			client = repository.Client
		}
		repository.Client = client // one pool for all
		b.repositories[image.Repository] = notationregistry.NewRepository(repository)
	}
	return b, nil
}

// verify does what the notation command does with a tag: notation.Verify finds no
// trust policy for one, so the tag is resolved before; and what it resolves to is
// resolved by notation.Verify once more.
func (b *bare) verify(ctx context.Context, image rig.Image) (string, error) {
	repository := b.repositories[image.Repository]
	resolved, err := repository.Resolve(ctx, image.Tag)
	if err != nil {
		return "", err
	}
	desc, outcomes, err := notation.Verify(ctx, b.verifier, repository, notation.VerifyOptions{
		ArtifactReference:    image.Name() + "@" + resolved.Digest.String(),
		MaxSignatureAttempts: signatures,
	})
	if err != nil {
		return "", err
	}
	if len(outcomes) != 1 || outcomes[0].Error != nil {
		return "", fmt.Errorf("%d outcomes", len(outcomes))
	}
	return desc.Digest.String(), nil
}

// inMemory is a trust store that reads no files: those of notation-go would be read
// for each signature, and the floor is to be as low as it can be.
type inMemory map[string][]*x509.Certificate

// GetCertificates implements truststore.X509TrustStore.
func (m inMemory) GetCertificates(_ context.Context, kind truststore.Type, name string) ([]*x509.Certificate, error) {
	return m[string(kind)+":"+name], nil
}

// full is ours: what the walk does with an image when its memory has nothing.
type full struct {
	registries *registry.Registries
	judge      *verifier.Verifier
}

const (
	signatures = 20
	timeout    = 5 * time.Second
)

func (s *shelf) full() (*full, error) {
	dir, err := os.MkdirTemp(s.world.Dir, "cold-")
	if err != nil {
		return nil, err
	}
	if err := s.trust.Write(dir); err != nil {
		return nil, err
	}
	trusted, err := trust.Open(filepath.Join(dir, "trustpolicy.json"), filepath.Join(dir, "truststore"))
	if err != nil {
		return nil, err
	}
	ca := filepath.Join(dir, "registry.crt")
	if err := os.WriteFile(ca, s.registry.CAPEM(), 0o600); err != nil {
		return nil, err
	}
	registries, err := registry.New(registry.Options{
		Registries:     []config.Registry{{Host: s.registry.Host, CAFile: ca, Referrers: config.ReferrersAuto}},
		Guard:          egress.NewGuard(),
		RequestTimeout: timeout,
		UserAgent:      "bench",
	})
	if err != nil {
		return nil, err
	}
	judge, err := verifier.New(verifier.Options{
		Trust:         trusted,
		Repository:    func(image provider.Image) verifier.Repository { return registries.Repository(image) },
		Signatures:    signatures,
		Revocation:    egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: timeout, BodyBytes: 1 << 20}}),
		RevocationAge: time.Minute,
	})
	return &full{registries, judge}, err
}

func (f *full) verify(ctx context.Context, asked rig.Image) (string, error) {
	image, err := provider.ParseImage(asked.Tagged())
	if err != nil {
		return "", err
	}
	policy, ok := f.judge.Snapshot().Policy(image)
	if !ok {
		return "", fmt.Errorf("no policy covers %s", image)
	}
	desc, err := f.registries.Resolve(ctx, image)
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
	return verdict.Digest().String(), nil
}
