package images

import (
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

const (
	maxUntyped   = 100      // manifests that are fetched to see whether they are signatures
	maxEnvelopes = 64 << 20 // of all envelopes of an image together
)

// Signature is a notation signature as its registry has it. It is not verified.
type Signature struct {
	Manifest  ocispec.Descriptor
	MediaType string // of the envelope
	Envelope  []byte

	// Err is why there is no envelope: its manifest is broken, or the registry does not give it.
	Err error
}

// Signatures lists and fetches every notation signature of the image. One that cannot be fetched hides no other.
// ErrIncomplete comes along with those that are listed.
func (i *Image) Signatures(ctx context.Context) ([]Signature, error) {
	manifests, incomplete := i.Manifests(ctx)
	if incomplete != nil && !errors.Is(incomplete, ErrIncomplete) {
		return nil, incomplete
	}
	var all []Signature
	size := 0
	for _, manifest := range manifests {
		s := Signature{Manifest: manifest, Err: errEnvelopes}
		if size <= maxEnvelopes {
			s = i.fetch(ctx, manifest)
		}
		if ctx.Err() != nil {
			return nil, i.failed("fetching the signatures of "+i.Pinned(), ctx.Err())
		}
		size += len(s.Envelope)
		all = append(all, s)
	}
	return all, incomplete
}

var errEnvelopes = errors.New("not fetched, since those before it have 64 MiB together")

// Find fetches one signature of the image by its manifest's digest, and fails where the image has none such.
func (i *Image) Find(ctx context.Context, manifest digest.Digest) (Signature, error) {
	manifests, err := i.Manifests(ctx)
	for _, listed := range manifests {
		if listed.Digest == manifest {
			s := i.fetch(ctx, listed)
			return s, s.Err
		}
	}
	if err != nil {
		return Signature{}, err
	}
	return Signature{}, fmt.Errorf("%s does not list %s among the %d signatures of %s", i.Name.Host, manifest, len(manifests), i.Pinned())
}

func (i *Image) fetch(ctx context.Context, manifest ocispec.Descriptor) Signature {
	s := Signature{Manifest: manifest}
	envelope, blob, err := i.remote().Envelope(ctx, manifest)
	if err != nil {
		s.Err = i.failed(fmt.Sprintf("fetching the signature %s", manifest.Digest), err)
		return s
	}
	s.MediaType, s.Envelope = blob.MediaType, envelope
	return s
}

// ErrIncomplete says that the registry may have signatures that it did not list.
var ErrIncomplete = errors.New("there may be others that were not listed")

// Manifests lists the signatures of the image and fetches none, as notation-provider does by its setting of the same name.
// ErrIncomplete comes along with those that are listed.
func (i *Image) Manifests(ctx context.Context) ([]ocispec.Descriptor, error) {
	image, err := i.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	doing := "listing the signatures of " + i.Pinned()
	found, err := i.remote().Signatures(ctx, image)
	switch {
	case i.options.Referrers == API && registry.LacksReferrersAPI(err):
		return nil, i.failed(doing, fmt.Errorf("%s has no referrers API; leave --referrers api out: %w", i.Name.Host, err))
	case err != nil:
		return nil, i.failed(doing, err)
	case found.More:
		return nil, i.failed(doing, fmt.Errorf("there are more than are looked at (%d); delete old ones", registry.MaxReferrers))
	case found.Incomplete != nil:
		return found.Signatures, i.failed(doing, fmt.Errorf("%w: %w", ErrIncomplete, found.Incomplete))
	}
	return found.Signatures, nil
}
