package registry

import (
	"context"
	"io"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// OnlyBlob is onlyBlob.
var OnlyBlob = onlyBlob

// Credential is what the docker configs hold for a host.
func (r *Registries) Credential(ctx context.Context, host string) (auth.Credential, error) {
	return r.files.Load().credential(ctx, host)
}

// LapseMemory makes it time to ask again for APIs that were missing.
func (r *Registries) LapseMemory() {
	for _, key := range r.capability.Keys() {
		r.capability.Add(key, time.Now())
	}
}

// ReadIndex is readIndex.
func ReadIndex(body io.Reader, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	found, err := readIndex(body, desc)
	return found.list, err
}
