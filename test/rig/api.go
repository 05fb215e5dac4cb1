package rig

import (
	"context"
	"iter"
	"net/http"
	"sync"

	"cuelabs.dev/go/oci/ociregistry"
	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

// apiRegistry keeps content in memory. Its referrers API leaves out what has been unlisted, as that of a registry that
// came to have the API after the content was pushed.
type apiRegistry struct {
	*ocimem.Registry

	mu       sync.Mutex
	unlisted map[ociregistry.Digest]bool
}

// newAPIRegistry makes a registry, and the function that hides a digest from its referrers API.
func newAPIRegistry() (http.Handler, func(digest string)) {
	r := &apiRegistry{
		// Lax, so that a signature can name a blob that is not there.
		Registry: ocimem.NewWithConfig(&ocimem.Config{LaxChildReferences: true}),
		unlisted: map[ociregistry.Digest]bool{},
	}
	return ociserver.New(r, nil), r.unlist
}

func (r *apiRegistry) unlist(digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlisted[ociregistry.Digest(digest)] = true
}

func (r *apiRegistry) listed(digest ociregistry.Digest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.unlisted[digest]
}

// Referrers lists who refers to the digest, unless unlisted.
func (r *apiRegistry) Referrers(ctx context.Context, repository string, digest ociregistry.Digest, artifactType string) iter.Seq2[ociregistry.Descriptor, error] {
	return func(yield func(ociregistry.Descriptor, error) bool) {
		for referrer, err := range r.Registry.Referrers(ctx, repository, digest, artifactType) {
			if err == nil && !r.listed(referrer.Digest) {
				continue
			}
			if !yield(referrer, err) {
				return
			}
		}
	}
}
