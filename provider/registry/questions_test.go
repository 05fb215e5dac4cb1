package registry_test

import (
	"context"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// questions are all that a registry is ever asked, of an image at its digest.
func questions(r *registry.Client, image provider.Image) map[string]func(context.Context) error {
	repository := r.Repository(image)
	desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: image.Digest, Size: 7}
	return map[string]func(context.Context) error{
		"resolve": func(ctx context.Context) error {
			_, err := repository.Resolve(ctx)
			return err
		},
		"signatures": func(ctx context.Context) error {
			_, _, err := listSignatures(ctx, repository, desc)
			return err
		},
		"envelope": func(ctx context.Context) error {
			_, _, err := repository.Envelope(ctx, desc)
			return err
		},
	}
}
