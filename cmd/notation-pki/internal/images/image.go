package images

import (
	"context"
	"errors"
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Image is an image in its registry. It is not for concurrent use.
type Image struct {
	// Name is how it was asked for.
	Name provider.Image

	options  Options
	client   remote.Client
	resolved *ocispec.Descriptor
}

// repository is made anew for each use: oras keeps in it what it learns of the registry's abilities, and what it learned
// by listing must not decide how it pushes.
func (i *Image) repository() *remote.Repository {
	return &remote.Repository{
		Client:               i.client,
		Reference:            registry.Reference{Registry: i.Name.Host, Repository: i.Name.Path()},
		PlainHTTP:            i.options.PlainHTTPUnsafe,
		MaxMetadataBytes:     maxBody,
		ReferrerListMaxPages: maxPages,
		// Deleting the index that a new one replaces takes a right that pushing does not.
		SkipReferrersGC: true,
	}
}

// Resolve asks which image the name stands for. The first answer stays: the tag may move, and what is looked at and signed
// is one image.
func (i *Image) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	if i.resolved != nil {
		return *i.resolved, nil
	}
	found, err := i.repository().Manifests().Resolve(ctx, i.Name.Reference())
	if err == nil && !strings.HasPrefix(found.MediaType, "application/") {
		err = fmt.Errorf("%w: its media type is %q", errNoImage, found.MediaType)
	}
	if err != nil {
		return ocispec.Descriptor{}, i.failed("resolving "+i.Name.String(), err)
	}
	i.resolved = &ocispec.Descriptor{MediaType: found.MediaType, Digest: found.Digest, Size: found.Size}
	return *i.resolved, nil
}

var errNoImage = errors.New("the answer is no image's")

// Pinned is the resolved image by digest, "host/repository@sha256:…".
func (i *Image) Pinned() string {
	if i.resolved == nil {
		return i.Name.String()
	}
	return i.Name.At(i.resolved.Digest).String()
}
