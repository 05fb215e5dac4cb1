package registry

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// Remote is a repository at one registry. Its errors are those of the registry, as they are.
type Remote struct {
	// Client sends requests with the registry's credentials, within bounds.
	Client remote.Client
	// Host is the registry as image references name it, Path is the repository there.
	Host, Path string
	PlainHTTP  bool
	// Referrers says where signatures are looked for.
	Referrers config.Referrers
	// Untyped bounds how many manifests are fetched to learn their artifact type, where descriptors do not say it.
	Untyped int
	// MaxEnvelope bounds a signature envelope, in bytes.
	MaxEnvelope int64

	// withoutAPI remembers which repositories have no referrers API, until when; nil remembers nothing.
	withoutAPI *lru.Cache[string, time.Time]
}

// repository makes a new one for each use: oras keeps in it what it learns of a registry's
// abilities, and has no way to reset that.
func (r *Remote) repository(client remote.Client) *remote.Repository {
	return &remote.Repository{
		Client:               client,
		Reference:            registry.Reference{Registry: r.Host, Repository: r.Path},
		PlainHTTP:            r.PlainHTTP,
		MaxMetadataBytes:     MaxManifestBytes,
		ReferrerListMaxPages: MaxReferrerPages,
	}
}

// manifests are those of the repository, through a client that makes up for what the registry's answers lack.
func (r *Remote) manifests() registry.ManifestStore {
	return r.repository(Normalize(r.Client)).Manifests()
}

// Resolve returns the descriptor of the manifest that a tag or digest stands for.
func (r *Remote) Resolve(ctx context.Context, reference string) (ocispec.Descriptor, error) {
	return r.manifests().Resolve(ctx, reference)
}
