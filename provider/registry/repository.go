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

// Resolve asks for the manifest's descriptor.
func (r *Repository) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	ctx = egress.ForRepository(ctx, r.image.Repository)
	return first(r.remotes, func(remote *Remote) (ocispec.Descriptor, error) {
		return remote.Resolve(ctx, r.image.Reference())
	})
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

// Envelope fetches what a signature's manifest holds: the envelope, and its
// descriptor with the media type. provider.ErrNoEnvelope says it holds none.
func (r *Repository) Envelope(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	type envelope struct {
		bytes []byte
		desc  ocispec.Descriptor
	}
	ctx = egress.ForRepository(ctx, r.image.Repository)
	found, err := first(r.remotes, func(remote *Remote) (envelope, error) {
		bytes, desc, err := remote.Envelope(ctx, manifest)
		return envelope{bytes, desc}, err
	})
	return found.bytes, found.desc, err
}

// first asks one host after the other until one has an answer. The last one's error
// is the error: the image's own host decides that something is not there.
func first[T any](remotes []*Remote, ask func(*Remote) (T, error)) (answer T, err error) {
	for _, remote := range remotes {
		if answer, err = ask(remote); err == nil {
			return answer, nil
		}
	}
	return answer, classify(err)
}
