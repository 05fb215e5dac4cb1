package registry

import (
	"context"
	"encoding/json"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Envelope fetches a signature's manifest and the one blob it names, and returns the blob with its descriptor. It fails
// with provider.ErrNoEnvelope where the manifest is none of a signature.
func (r *Remote) Envelope(ctx context.Context, desc ocispec.Descriptor) ([]byte, ocispec.Descriptor, error) {
	if err := fetchable(desc); err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	manifest, err := content.FetchAll(ctx, r.manifests(), desc) // which holds it against size and digest
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("fetching a signature's manifest: %w", err)
	}
	blob, err := onlyBlob(manifest, r.MaxEnvelope)
	if err != nil {
		return nil, ocispec.Descriptor{}, err
	}
	envelope, err := content.FetchAll(ctx, r.repository(r.Client).Blobs(), blob)
	if err != nil {
		return nil, ocispec.Descriptor{}, fmt.Errorf("fetching a signature's envelope: %w", err)
	}
	return envelope, blob, nil
}

// fetchable tells why what a descriptor names can be no signature's manifest.
func fetchable(desc ocispec.Descriptor) error {
	switch {
	case desc.MediaType != ocispec.MediaTypeImageManifest && desc.MediaType != artifactManifest:
		return fmt.Errorf("%w: its media type is not that of a manifest", provider.ErrNoEnvelope)
	case desc.Digest.Validate() != nil: // it becomes part of a URL
		return fmt.Errorf("%w: it is listed without a digest", provider.ErrNoEnvelope)
	case desc.Size < 0 || desc.Size > MaxSignatureManifestBytes:
		return fmt.Errorf("%w: its manifest is over 64 KiB", provider.ErrNoEnvelope)
	}
	return nil
}

// onlyBlob returns the one blob a signature's manifest must name (signature
// specification, "Storage"), within the bound.
func onlyBlob(manifest []byte, most int64) (ocispec.Descriptor, error) {
	var parsed struct {
		MediaType string               `json:"mediaType"`
		Layers    []ocispec.Descriptor `json:"layers"`
		Blobs     []ocispec.Descriptor `json:"blobs"`
	}
	if err := json.Unmarshal(manifest, &parsed); err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest is not JSON", provider.ErrNoEnvelope)
	}
	blobs := parsed.Layers
	if parsed.MediaType == artifactManifest {
		blobs = parsed.Blobs
	}
	if len(blobs) != 1 {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest has %d layers, not one", provider.ErrNoEnvelope, len(blobs))
	}
	if blobs[0].Size < 0 || blobs[0].Size > most {
		return ocispec.Descriptor{}, fmt.Errorf("%w: the envelope has %d bytes, and limits.envelope allows %d", provider.ErrNoEnvelope, blobs[0].Size, most)
	}
	if blobs[0].Digest.Validate() != nil {
		return ocispec.Descriptor{}, fmt.Errorf("%w: its manifest names no digest", provider.ErrNoEnvelope)
	}
	return blobs[0], nil
}
