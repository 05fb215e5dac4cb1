package registry

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
)

// listByTag lists by the referrers tag schema: the entries of the index under a tag
// made of the digest, if there is one. Some resolve the tag to the image itself,
// which lists no signature.
func (r *Remote) listByTag(ctx context.Context, desc ocispec.Descriptor, found *collection) error {
	index, body, err := r.manifests().FetchReference(ctx, referrersTag(desc.Digest))
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	defer body.Close()
	if !isManifest(index.MediaType) { // oras would take a login page for an empty list
		return fmt.Errorf("%w: its media type is %q", errNonsense, index.MediaType)
	}
	if !isIndex(index.MediaType) || index.Digest == desc.Digest {
		return nil
	}
	list, err := readIndex(body, index)
	if err != nil {
		return err
	}
	if err := found.add(list); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

// referrersTag is the tag that the schema makes of a digest, whose hex part it cuts
// at 64 (distribution specification, "Referrers Tag Schema").
func referrersTag(d digest.Digest) string {
	encoded := d.Encoded()
	return d.Algorithm().String() + "-" + encoded[:min(len(encoded), 64)]
}

// readIndex returns the entries of an index of the tag schema.
func readIndex(body io.Reader, desc ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	text, err := content.ReadAll(body, desc)
	if err != nil {
		return nil, fmt.Errorf("reading the referrers index: %w", err)
	}
	return parseIndex(text)
}
