package registry

import (
	"context"
	"iter"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// Repository returns where an image's manifest and signatures are asked for.
func (c *Client) Repository(image provider.Image) *Repository {
	g := c.generation.Load()
	own, _ := g.settings(image.Host)
	hosts := []config.Registry{own}
	if own.Mirror != "" {
		mirror, _ := g.settings(own.Mirror)
		hosts = []config.Registry{mirror, own}
		if own.MirrorOnly {
			hosts = hosts[:1]
		}
	}
	repository := &Repository{image: image}
	for _, settings := range hosts {
		repository.remotes = append(repository.remotes, &Remote{
			Client:      g.clientOf(c, settings.Host),
			Host:        settings.Host,
			Path:        image.Path(),
			PlainHTTP:   settings.PlainHTTPUnsafe,
			Referrers:   settings.Referrers,
			Untyped:     g.options.Signatures,
			MaxEnvelope: g.options.Envelope,
			withoutAPI:  c.withoutAPI,
		})
	}
	return repository
}

// Repository asks for one image: at its mirror first, where it has one.
type Repository struct {
	image   provider.Image
	remotes []*Remote
}

// Resolve returns the manifest's descriptor, of the first host that has it. The last host is the image's own: its error
// is the error, since it decides that something is not there.
func (r *Repository) Resolve(ctx context.Context) (desc ocispec.Descriptor, err error) {
	ctx = egress.ForRepository(ctx, r.image.Repository)
	for _, remote := range r.remotes {
		if desc, err = remote.Resolve(ctx, r.image.Reference()); err == nil {
			return desc, nil
		}
	}
	return ocispec.Descriptor{}, classify(err)
}

// Signatures lists the image's notation signatures, host by host: the mirror's first. The image's own host is asked when
// the caller goes on, which is when none of the mirror's is good: mirrors are known to copy images without their signatures,
// and to keep old lists. The last list, or the error in its place, decides that there is no signature.
func (r *Repository) Signatures(ctx context.Context, desc ocispec.Descriptor) iter.Seq2[provider.Listing, error] {
	ctx = egress.ForRepository(ctx, r.image.Repository)
	return func(yield func(provider.Listing, error) bool) {
		for i, remote := range r.remotes {
			found, err := remote.Signatures(ctx, desc)
			if err != nil && i < len(r.remotes)-1 {
				continue
			}
			if found.Incomplete != nil {
				found.Incomplete = classify(found.Incomplete)
			}
			if err != nil {
				err = classify(err)
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// Envelope fetches what a signature's manifest holds, as Resolve does: the envelope, and its
// descriptor with the media type. provider.ErrNoEnvelope says it holds none.
func (r *Repository) Envelope(ctx context.Context, manifest ocispec.Descriptor) (envelope []byte, desc ocispec.Descriptor, err error) {
	ctx = egress.ForRepository(ctx, r.image.Repository)
	for _, remote := range r.remotes {
		if envelope, desc, err = remote.Envelope(ctx, manifest); err == nil {
			return envelope, desc, nil
		}
	}
	return nil, ocispec.Descriptor{}, classify(err)
}
