package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	notationregistry "github.com/notaryproject/notation-go/registry"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

const (
	maxPages      = 20
	maxSignatures = 1000
	maxEnvelopes  = 64 << 20 // of all envelopes of an image together
)

// Signature is a notation signature as its registry has it. Nobody has verified it.
type Signature struct {
	Manifest  ocispec.Descriptor
	MediaType string // of the envelope
	Envelope  []byte

	// Err is why there is no envelope: its manifest is broken, or the registry does not give it.
	Err error
}

// Signatures lists and fetches every notation signature of the image. One that cannot be fetched hides no other.
func (i *Image) Signatures(ctx context.Context) ([]Signature, error) {
	manifests, err := i.Manifests(ctx)
	if err != nil {
		return nil, err
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
	return all, nil
}

var errEnvelopes = errors.New("not fetched, since those before it have 64 MiB together")

// Find fetches one signature of the image by its manifest's digest, and fails where the image has none such.
func (i *Image) Find(ctx context.Context, manifest digest.Digest) (Signature, error) {
	manifests, err := i.Manifests(ctx)
	if err != nil {
		return Signature{}, err
	}
	for _, listed := range manifests {
		if listed.Digest == manifest {
			s := i.fetch(ctx, listed)
			return s, s.Err
		}
	}
	return Signature{}, fmt.Errorf("%s does not list %s among the %d signatures of %s", i.Name.Host, manifest, len(manifests), i.Pinned())
}

func (i *Image) fetch(ctx context.Context, manifest ocispec.Descriptor) Signature {
	s := Signature{Manifest: manifest}
	if err := manifest.Digest.Validate(); err != nil { // it becomes part of a URL
		s.Err = fmt.Errorf("it is listed without a digest: %w", err)
		return s
	}
	envelope, blob, err := notationregistry.NewRepository(i.repository()).FetchSignatureBlob(ctx, manifest)
	if err != nil {
		s.Err = i.failed(fmt.Sprintf("fetching the signature %s", manifest.Digest), err)
		return s
	}
	s.MediaType, s.Envelope = blob.MediaType, envelope
	return s
}

// Manifests lists the signatures of the image and fetches none. By [Auto] the API is asked, and the tag schema where the
// API is missing or lists nothing, as notation-provider does by its setting of the same name.
func (i *Image) Manifests(ctx context.Context) ([]ocispec.Descriptor, error) {
	image, err := i.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	byTag := i.options.Referrers == Tag
	listed, err := i.list(ctx, image, !byTag)
	if i.options.Referrers != API && !byTag && (isMissing(err) || err == nil && len(listed) == 0) {
		listed, err = i.list(ctx, image, false)
	}
	if isMissing(err) {
		return nil, i.failed("listing the signatures of "+i.Pinned(), fmt.Errorf("%s has no referrers API; leave --referrers api out: %w", i.Name.Host, err))
	}
	if err != nil {
		return nil, i.failed("listing the signatures of "+i.Pinned(), err)
	}
	return listed, nil
}

func (i *Image) list(ctx context.Context, image ocispec.Descriptor, byAPI bool) ([]ocispec.Descriptor, error) {
	from := i.repository()
	if err := from.SetReferrersCapability(byAPI); err != nil {
		return nil, err
	}
	var listed []ocispec.Descriptor
	err := notationregistry.NewRepository(from).ListSignatures(ctx, image, func(page []ocispec.Descriptor) error {
		if listed = append(listed, page...); len(listed) > maxSignatures {
			return fmt.Errorf("there are more than %d; delete old ones", maxSignatures)
		}
		return nil
	})
	return listed, err
}

// isMissing tells a registry without the referrers API from one in trouble.
func isMissing(err error) bool {
	if errors.Is(err, errdef.ErrUnsupported) {
		return true
	}
	response, ok := errors.AsType[*errcode.ErrorResponse](err)
	return ok && response.StatusCode == http.StatusNotFound && strings.Contains(response.URL.Path, "/referrers/")
}
