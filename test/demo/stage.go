package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// stage is the world with the demo's images in it.
type stage struct {
	world         *rig.Env
	harbor, nexus *rig.Registry
	stranger      *rig.PKI // same names, other keys
	revocable     *rig.PKI
	retired       *ca.Identity
	hand          *hand  // has a PKI of its own, made before the eyes of who watches
	heal          func() // ends the trouble of the registry that hangs
	cases         []*example
}

// example is one image, how it comes to be, and what must be said of it.
type example struct {
	name  string // repository:tag
	story string
	want  string // a reason, or undecided
	on    *rig.Registry
	make  func(context.Context, *example) error
	key   string // what is asked
}

// long ago an image was signed with a certificate that has lapsed since.
const longAgo = 60 * 24 * time.Hour

func build(ctx context.Context, w *rig.Env) (s *stage, err error) {
	s = &stage{world: w}
	if s.harbor, err = w.Registry(ctx, rig.RegistryOptions{Kind: rig.API}); err != nil {
		return nil, err
	}
	if s.nexus, err = w.Registry(ctx, rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token}); err != nil {
		return nil, err
	}
	if s.stranger, err = w.NewPKI(rig.PKIOptions{}); err != nil {
		return nil, err
	}
	if s.revocable, err = w.NewPKI(rig.PKIOptions{OCSP: true, CRL: true}); err != nil {
		return nil, err
	}
	if s.retired, err = w.SKAO.NewSigner(lived(longAgo)); err != nil {
		return nil, err
	}
	s.revocable.SignerRevocation.Revoke(s.revocable.Signer.Cert, time.Now().Add(-time.Hour), 1)
	s.cases = s.examples()
	return s, nil
}

// lived are the options of a certificate that was good so long ago, and no longer is.
func lived(ago time.Duration) ca.Options {
	then := time.Now().Add(-ago)
	return ca.Options{NotBefore: then.Add(-24 * time.Hour), NotAfter: then.Add(24 * time.Hour)}
}

func (s *stage) examples() []*example {
	then := ca.SignOptions{SigningTime: time.Now().Add(-longAgo)}
	return []*example{
		{name: "production/ska-tango:1.2", story: "signed by the SKAO signer", want: "verified", on: s.harbor, make: s.signed(rig.Signature{})},
		{name: "production/ska-cbf:3.0", story: "signed, in COSE", want: "verified", on: s.harbor, make: s.signed(rig.Signature{Options: ca.SignOptions{MediaType: ca.COSE}})},
		{name: "production/ska-csp:2.1", story: "signed, for two platforms", want: "verified", on: s.harbor, make: s.index},
		{name: "legacy/ska-sdp:0.9", story: "signature under a referrers tag, token login", want: "verified", on: s.nexus, make: s.signed(rig.Signature{})},
		{name: "legacy/ska-oso:0.4", story: "certificate lapsed, signature timestamped before", want: "verified", on: s.nexus, make: s.signed(rig.Signature{By: s.retired, TSA: s.world.TSA, Options: then})},
		{name: "production/ska-pst:1.0", story: "a broken signature beside a good one", want: "verified", on: s.harbor, make: s.signed(rig.Signature{Defect: rig.Junk}, rig.Signature{})},
		{name: "production/ska-own:1.0", story: "signed with the PKI made above, by notation-pki", want: "verified", on: s.harbor, make: s.byHand},
		{name: "production/ska-new:0.1", story: "never signed", want: "unsigned", on: s.harbor, make: s.signed()},
		{name: "production/ska-low:5", story: "signed by a stranger with the signer's name", want: "untrusted", on: s.harbor, make: s.signed(rig.Signature{By: s.stranger.Signer})},
		{name: "production/ska-mid:5", story: "signature changed after signing", want: "tampered", on: s.harbor, make: s.signed(rig.Signature{Defect: rig.Tampered})},
		{name: "legacy/ska-old:0.1", story: "certificate lapsed, no timestamp", want: "expired", on: s.nexus, make: s.signed(rig.Signature{By: s.retired, Options: then})},
		{name: "production/ska-leak:7", story: "signer's key leaked, certificate revoked", want: "revoked", on: s.harbor, make: s.signed(rig.Signature{By: s.revocable.Signer})},
		{name: "production/ska-typo:1", story: "not there", want: "not-found", on: s.harbor},
		{name: "docker.io/library/postgres:16", story: "no policy covers it: no registry is asked", want: "out-of-scope"},
		{name: "https://harbor.example/x", story: "not an image reference", want: "malformed"},
		{name: "production/ska-slow:1", story: "the registry hangs on this one", want: "undecided", on: s.harbor, make: s.hung},
	}
}

// push brings every example about.
func (s *stage) push(ctx context.Context) error {
	for _, e := range s.cases {
		e.key = e.name
		if e.on != nil {
			e.key = e.on.Host + "/" + e.name
		}
		if e.make == nil {
			continue
		}
		if err := e.make(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// signed pushes an image and signs it, as often as asked.
func (s *stage) signed(signatures ...rig.Signature) func(context.Context, *example) error {
	return func(ctx context.Context, e *example) error {
		repository, tag, _ := strings.Cut(e.name, ":")
		image, err := e.on.PushImage(ctx, repository, tag)
		if err != nil {
			return err
		}
		return s.sign(ctx, image, signatures...)
	}
}

func (s *stage) sign(ctx context.Context, image rig.Image, signatures ...rig.Signature) error {
	for _, signature := range signatures {
		if _, err := s.world.Sign(ctx, image, signature); err != nil {
			return err
		}
	}
	return nil
}

// index pushes an image for two platforms and signs the index, as pipelines do.
func (s *stage) index(ctx context.Context, e *example) error {
	repository, tag, _ := strings.Cut(e.name, ":")
	image, err := e.on.PushIndex(ctx, repository, tag)
	if err != nil {
		return err
	}
	return s.sign(ctx, image, rig.Signature{})
}

// hung pushes a good image to a registry that will not answer for it.
func (s *stage) hung(ctx context.Context, e *example) error {
	repository, _, _ := strings.Cut(e.name, ":")
	s.heal = e.on.Inject(rig.Match{Path: "/v2/" + repository + "/"}, rig.Hang())
	return s.signed(rig.Signature{})(ctx, e)
}

func (s *stage) registries() []*rig.Registry { return []*rig.Registry{s.harbor, s.nexus} }

// trust is what SKAO trusts: its own root for its registries, and a timestamp
// authority for signatures older than their certificates.
func (s *stage) trust() rig.Trust {
	trust := rig.Trust{Policies: []trustpolicy.TrustPolicy{{
		Name:                  "skao",
		RegistryScopes:        []string{s.harbor.Host + "/*", s.nexus.Host + "/*"},
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict", VerifyTimestamp: trustpolicy.OptionAfterCertExpiry},
		TrustedIdentities:     []string{ca.TrustedIdentity(s.world.SKAO.Signer.Cert)},
	}}}
	trust.Add("ca:skao-oci", s.world.SKAO.Root.Cert, s.revocable.Root.Cert, s.hand.root)
	trust.Add("tsa:stamps", s.world.TSA.Root())
	return trust
}
