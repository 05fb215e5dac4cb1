package registry

import (
	"cmp"
	"errors"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// collection holds the signatures that were listed, each once, within the bounds. Of a descriptor it keeps
// the fields that are used: a page of the list is not held when the next one is asked for.
type collection struct {
	signatures []ocispec.Descriptor
	untyped    []ocispec.Descriptor // that do not say their artifact type, still to be looked into
	more       bool                 // there are others beyond the bounds
	doubts     error                // the first reason why others may be missing

	seen    map[entry]bool
	bytes   int
	fetched int // manifests that were looked into
}

// entry is what two descriptors have in common that name one thing. The digest alone is not enough: with another media
// type or size, or without its artifact type, a list could keep out the good signature that another list names rightly.
type entry struct {
	mediaType string
	digest    digest.Digest
	size      int64
	signature bool // by its artifact type
}

func entryOf(desc ocispec.Descriptor) entry {
	return entry{desc.MediaType, desc.Digest, desc.Size, desc.ArtifactType == artifactType}
}

var errEnough = errors.New("enough")

// add keeps those of a list that are signatures or may be. It fails with errEnough at the bounds.
func (c *collection) add(list []ocispec.Descriptor) error {
	for _, desc := range list {
		of := entryOf(desc)
		if c.seen[of] || !of.signature && (!isGenericType(desc.ArtifactType) || fetchable(desc) != nil) {
			continue
		}
		desc = trimmed(desc)
		c.bytes += sizeOf(desc)
		if len(c.seen) >= MaxReferrers || c.bytes > MaxListBytes {
			c.more = true
			return errEnough
		}
		c.seen[of] = true
		if of.signature {
			c.signatures = append(c.signatures, desc)
		} else {
			desc.ArtifactType = "" // which an attacker may have made long
			c.untyped = append(c.untyped, desc)
		}
	}
	return nil
}

// trimmed is a descriptor without the fields that are not used, which an attacker may have made long.
func trimmed(desc ocispec.Descriptor) ocispec.Descriptor {
	kept := ocispec.Descriptor{MediaType: desc.MediaType, Digest: desc.Digest, Size: desc.Size, ArtifactType: desc.ArtifactType}
	if chain := desc.Annotations[provider.ThumbprintAnnotation]; chain != "" && len(chain) <= provider.MaxThumbprints {
		kept.Annotations = map[string]string{provider.ThumbprintAnnotation: chain}
	}
	return kept
}

// sizeOf is about what a trimmed descriptor takes in memory, in bytes.
func sizeOf(desc ocispec.Descriptor) int {
	const itself = 256
	return itself + len(desc.MediaType) + len(desc.Digest) + len(desc.ArtifactType) + len(desc.Annotations[provider.ThumbprintAnnotation])
}

// takeUntyped returns those that are still to be looked into, first those whose annotation only signatures have.
func (c *collection) takeUntyped() []ocispec.Descriptor {
	untyped := c.untyped
	c.untyped = nil
	slices.SortStableFunc(untyped, func(a, b ocispec.Descriptor) int { return cmp.Compare(len(b.Annotations), len(a.Annotations)) })
	return untyped
}

// isListed tells whether a list has the descriptor as a signature.
func (c *collection) isListed(desc ocispec.Descriptor) bool {
	desc.ArtifactType = artifactType
	return c.seen[entryOf(desc)]
}

// doubt notes why a signature may be missing; the first reason stays.
func (c *collection) doubt(err error) {
	if c.doubts == nil {
		c.doubts = err
	}
}

// settled tells whether there are signatures, and no reason to look for more.
func (c *collection) settled() bool { return len(c.signatures) > 0 && c.doubts == nil }

// listing is the result, or the reason why there is none.
func (c *collection) listing() (provider.Listing, error) {
	if len(c.signatures) == 0 && c.doubts != nil {
		return provider.Listing{}, c.doubts
	}
	return provider.Listing{Signatures: c.signatures, More: c.more, Incomplete: c.doubts}, nil
}
