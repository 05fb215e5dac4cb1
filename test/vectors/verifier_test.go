package vectors_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// verifierRung asks the rooms behind the cache, in this process.
type verifierRung struct {
	scene      *vectors.Scene
	registries *registry.Client
	snapshot   provider.Snapshot
	within     time.Duration
}

func onVerifier(t *testing.T, s *vectors.Scene, _ []vectors.Question) rung {
	dir := t.TempDir()
	c := config.Default()
	if err := errors.Join(s.Trust.Write(dir), s.Configure(&c)); err != nil {
		t.Fatal(err)
	}
	trusted, err := trust.Open(dir+"/trustpolicy.json", dir+"/truststore")
	if err != nil {
		t.Fatal(err)
	}
	registries, err := registry.New(registry.Options{
		Registries:     c.Registries,
		DockerConfigs:  c.DockerConfigs,
		Guard:          egress.NewGuard(),
		RequestTimeout: time.Duration(c.RequestTimeout),
		Signatures:     c.Limits.Signatures,
		Envelope:       int64(c.Limits.Envelope),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registries.Close)
	judge, err := verifier.New(verifier.Options{
		Trust:         trusted,
		Repository:    func(image provider.Image) verifier.Repository { return registries.Repository(image) },
		Signatures:    c.Limits.Signatures,
		Revocation:    egress.NewTransport(egress.Options{Guard: egress.NewGuard(c.Egress.Allow...), Bounds: egress.Bounds{Timeout: time.Duration(c.RequestTimeout), BodyBytes: 1 << 20}}),
		RevocationAge: time.Duration(c.Cache.Verified),
		Log:           slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &verifierRung{scene: s, registries: registries, snapshot: judge.Snapshot(), within: time.Duration(c.VerifyWithin)}
}

func (r *verifierRung) ask(t *testing.T, q vectors.Question) {
	t.Helper()
	before := r.scene.Asked()
	got := r.judge(t.Context(), q.Key)
	check(t, r.scene, q, q.Verifier, got)
	untouched(t, r.scene, q, got, before)
}

func (r *verifierRung) mended(t *testing.T, q vectors.Question) {
	t.Helper()
	check(t, r.scene, q, q.Mended, r.judge(t.Context(), q.Key))
}

// judge walks as the provider does, without gate and cache.
func (r *verifierRung) judge(ctx context.Context, key string) heard {
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	image, err := provider.ParseQuestion(key)
	if err != nil {
		return refused(provider.Malformed, err.Error())
	}
	policy, covered := r.snapshot.Verifier(image)
	if !covered {
		return refused(provider.OutOfScope, "")
	}
	desc := ocispec.Descriptor{Digest: image.Digest}
	if image.Digest == "" {
		if desc, err = r.registries.Resolve(ctx, image); errors.Is(err, provider.ErrNotFound) {
			return refused(provider.NotFound, "")
		}
	}
	var verdict provider.Verdict
	if err == nil {
		verdict, err = policy.Verify(ctx, image.At(desc.Digest), desc)
	}
	if err != nil {
		undecided := provider.AsUndecided(err)
		return heard{Outcome: vectors.Outcome{Cause: undecided.Cause}, Detail: undecided.Detail}
	}
	return told(verdict)
}

func refused(reason provider.Reason, detail string) heard {
	return heard{Outcome: vectors.Outcome{Reason: reason}, Detail: detail}
}

func told(v provider.Verdict) heard {
	h := refused(v.Reason, v.Detail)
	h.Value = value{
		Verified: v.Good(),
		Image:    v.Image.At(v.Image.Digest).String(),
		Digest:   v.Image.Digest.String(),
		Policy:   v.Policy,
		Signer:   v.Signer,
		SignedAt: v.SignedAt,
		Until:    v.Until,
		Warnings: v.Warnings,

		Metadata:       v.Metadata,
		SignerIdentity: v.SignerIdentity,
	}
	return h
}

// untouched checks the requests over the network: none about what is settled without it, and none of those that the
// case keeps out.
func untouched(t *testing.T, s *vectors.Scene, q vectors.Question, got heard, before int) {
	t.Helper()
	if got.Reason == provider.Malformed || got.Reason == provider.OutOfScope {
		if asked := s.Asked() - before; asked > 0 {
			t.Errorf("%q: %d requests about what needs none", short(q.Key), asked)
		}
	}
	for _, name := range q.Untouched {
		at := s.At(name)
		if at == nil {
			t.Fatalf("untouched: %q is no registry that runs", name)
		}
		if at.Count() > 0 {
			t.Errorf("%q: %s was asked: %+v", short(q.Key), name, at.Requests())
		}
	}
}
