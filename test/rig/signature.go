package rig

import (
	"cmp"
	"context"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Listing is how a signature can be found.
type Listing string

// The ways to find a signature. ListedAPI and ListedBoth need a registry of kind [API].
const (
	ListedDefault Listing = ""     // as the registry has it: by the API, or by tag where there is none
	ListedAPI     Listing = "api"  // by the referrers API only
	ListedTag     Listing = "tag"  // by the referrers tag schema only
	ListedBoth    Listing = "both" // by either
)

// Signature says how to sign. The zero value signs as SKAO's pipeline does: JWS, now, with SKAO's signer.
type Signature struct {
	// By is who signs. Default: the SKAO signer.
	By *ca.Identity

	// Options of the envelope: format, times, scheme, attributes.
	Options ca.SignOptions

	// TSA countersigns, at the signing time of the options where that is set. Default: none.
	TSA *TSA

	// Target is what the envelope speaks of. Default: the image it is attached to.
	Target *ocispec.Descriptor

	// Defect spoils the signature. Default: none.
	Defect Defect

	// Listed is how it can be found.
	Listed Listing
}

// Signed is a signature beside an image.
type Signed struct {
	Manifest ocispec.Descriptor
	Envelope *ca.Envelope // as it was before any defect
}

// Sign signs an image and attaches the signature as notation does. Signing one image from several goroutines at once may
// lose a signature in the referrers tag schema: that is how the schema is.
func (w *Env) Sign(ctx context.Context, image Image, s Signature) (Signed, error) {
	envelope, err := w.envelope(ctx, image, s)
	if err != nil {
		return Signed{}, err
	}
	manifest, err := attach(ctx, image, envelope, s)
	if err != nil {
		return Signed{}, fmt.Errorf("attaching a signature to %s: %w", image.Pinned(), err)
	}
	return Signed{Manifest: manifest, Envelope: envelope}, nil
}

func (w *Env) envelope(ctx context.Context, image Image, s Signature) (*ca.Envelope, error) {
	by, opts, target := s.By, s.Options, image.Descriptor
	if by == nil {
		by = w.SKAO.Signer
	}
	if s.Target != nil {
		target = *s.Target
	}
	if s.TSA != nil {
		opts.Timestamper, opts.TSARoots = s.TSA, ca.Pool(s.TSA.Root())
		if !opts.SigningTime.IsZero() {
			opts.Timestamper = s.TSA.At(opts.SigningTime)
		}
	}
	return by.Sign(ctx, target, opts)
}

// attach stores the envelope beside the image.
func attach(ctx context.Context, image Image, envelope *ca.Envelope, s Signature) (ocispec.Descriptor, error) {
	to, err := image.Registry.inside(image.Repository)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if err := chooseListing(image.Registry, to, s.Listed); err != nil {
		return ocispec.Descriptor{}, err
	}
	p, err := newSignatureArtifact(envelope, s.Defect)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	manifest, err := p.push(ctx, to, image.Descriptor)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if s.Listed == ListedTag {
		image.Registry.unlist(manifest.Digest.String())
	}
	return manifest, nil
}

// chooseListing makes the client keep the tag schema's index, or leave it be.
func chooseListing(r *Registry, to *remote.Repository, wanted Listing) error {
	byDefault := map[Kind]Listing{API: ListedAPI, Tag: ListedTag}[r.Kind]
	wanted = cmp.Or(wanted, byDefault)
	if r.Kind == Tag && wanted != ListedTag {
		return fmt.Errorf("a registry of kind %q lists nothing by the API", r.Kind)
	}
	return to.SetReferrersCapability(wanted == ListedAPI)
}
