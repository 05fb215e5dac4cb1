package registry

import (
	"context"
	"io"
	"net/url"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// OnlyBlob is onlyBlob.
var OnlyBlob = onlyBlob

// Credential is what the docker configs hold for a host.
func (r *Registries) Credential(ctx context.Context, host string) (auth.Credential, error) {
	return r.files.Load().logins.Credential(ctx, host)
}

// MayConfide tells whether the credential of a registry may go to a URL.
func (r *Registries) MayConfide(host string, to *url.URL) bool {
	return confined{nil, r.confidants(host)}.allow(to) == nil
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
