package registry

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Registries asks any registry, with the settings of each.
type Registries struct {
	Options
	files atomic.Pointer[files]
	// capability remembers which repositories have no referrers API, until when.
	capability *lru.Cache[string, time.Time]
}

// New reads the files that o names.
func New(o Options) (*Registries, error) {
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	capability, err := lru.New[string, time.Time](4096)
	if err != nil {
		return nil, err
	}
	r := &Registries{Options: o, capability: capability}
	loaded, err := r.load()
	if err != nil {
		return nil, err
	}
	r.files.Store(loaded)
	r.logWarnings(loaded)
	return r, nil
}

// Name is what the files are called in logs and readiness.
func (r *Registries) Name() string { return "registries" }

// Reload reads CA files and docker configs again and puts what is new in force.
// On an error the old ones stay. New settings mean new connections and no tokens.
func (r *Registries) Reload() (changed bool, err error) {
	loaded, err := r.load()
	if err != nil {
		return false, err
	}
	if loaded.sum == r.files.Load().sum {
		return false, nil
	}
	r.files.Swap(loaded).close()
	r.logWarnings(loaded)
	return true, nil
}

// Close ends idle connections.
func (r *Registries) Close() { r.files.Load().close() }

// settings returns those of a host.
func (r *Registries) settings(host string) config.Registry {
	i := slices.IndexFunc(r.Registries, func(c config.Registry) bool { return c.Host == host })
	if i < 0 {
		return config.Registry{Host: host, Referrers: config.ReferrersAuto}
	}
	return r.Registries[i]
}

// label is a host's name for metrics: users name hosts, so others have none.
func (r *Registries) label(host string) string {
	if slices.ContainsFunc(r.Registries, func(c config.Registry) bool { return c.Host == host }) {
		return host
	}
	return "other"
}

// Resolve returns the descriptor of an image's manifest, provider.ErrNotFound
// if the registry has none, or a provider.UndecidedError.
func (r *Registries) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	return r.Repository(image).Resolve(ctx)
}

// Repository returns where an image's manifest and signatures are asked for.
func (r *Registries) Repository(image provider.Image) *Repository {
	own := r.settings(image.Host)
	repository := &Repository{image: image}
	if own.Mirror != "" {
		repository.sources = append(repository.sources, r.source(r.settings(own.Mirror), image))
	}
	if own.Mirror == "" || !own.MirrorOnly {
		repository.sources = append(repository.sources, r.source(own, image))
	}
	return repository
}

// Repository asks for one image: at its mirror first, where it has one.
type Repository struct {
	image   provider.Image
	sources []*source
}

// Resolve asks for the manifest's descriptor.
func (r *Repository) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	return first(r.sources, func(s *source) (ocispec.Descriptor, error) {
		desc, err := s.resolve(ctx, r.image.Reference())
		return desc, classify(err)
	})
}

// Signatures lists the manifests of an image's notation signatures; more if
// there are others beyond the bounds. A mirror that lists none is not taken at
// its word: mirrors are known to pass on images without their signatures.
func (r *Repository) Signatures(ctx context.Context, desc ocispec.Descriptor) (list []ocispec.Descriptor, more bool, err error) {
	found, err := first(r.sources, func(s *source) (listing, error) {
		found, err := s.signatures(ctx, desc)
		if err == nil && found.empty() {
			return listing{}, provider.ErrNotFound
		}
		return found, classify(err)
	})
	if errors.Is(err, provider.ErrNotFound) {
		return nil, false, nil
	}
	return found.list, found.more, err
}

// Envelope fetches what a signature's manifest holds: the envelope, and its
// descriptor with the media type. provider.ErrNoEnvelope says it holds none.
func (r *Repository) Envelope(ctx context.Context, manifest ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	type envelope struct {
		bytes []byte
		desc  ocispec.Descriptor
	}
	found, err := first(r.sources, func(s *source) (envelope, error) {
		bytes, desc, err := s.envelope(ctx, manifest)
		return envelope{bytes, desc}, classify(err)
	})
	return found.bytes, found.desc, err
}

// first asks source after source until one has an answer. The last one's failure
// is the failure: the image's own host is the authority on what there is not.
func first[T any](sources []*source, ask func(*source) (T, error)) (answer T, err error) {
	for _, s := range sources {
		if answer, err = ask(s); err == nil {
			return answer, nil
		}
	}
	return answer, err
}
