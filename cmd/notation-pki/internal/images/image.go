package images

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/unverified"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// Image is an image in its registry. It is not for concurrent use.
type Image struct {
	// Name is how it was asked for.
	Name provider.Image

	options  Options
	client   remote.Client
	resolved *ocispec.Descriptor
}

// remote asks for the image as notation-provider does: the list is the same there.
func (i *Image) remote() *registry.Remote {
	return &registry.Remote{
		Client:      i.client,
		Host:        i.Name.Host,
		Path:        i.Name.Path(),
		PlainHTTP:   i.options.PlainHTTPUnsafe,
		Referrers:   config.Referrers(i.options.Referrers),
		Untyped:     maxUntyped,
		MaxEnvelope: unverified.MaxBytes,
	}
}

// Resolve asks which image the name stands for. The first answer stays: the tag may move, and what is looked at and signed
// is one image.
func (i *Image) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	if i.resolved != nil {
		return *i.resolved, nil
	}
	found, err := i.remote().Resolve(ctx, i.Name.Reference())
	if err != nil {
		return ocispec.Descriptor{}, i.failed("resolving "+i.Name.String(), err)
	}
	i.resolved = &ocispec.Descriptor{MediaType: found.MediaType, Digest: found.Digest, Size: found.Size}
	return *i.resolved, nil
}

// Pinned is the resolved image by digest, "host/repository@sha256:…".
func (i *Image) Pinned() string {
	if i.resolved == nil {
		return i.Name.String()
	}
	return i.Name.At(i.resolved.Digest).String()
}
