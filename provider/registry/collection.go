package registry

import (
	"errors"

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

// add keeps those of a list that are signatures or may be; parseIndex left the fields out that are not used. It fails with
// errEnough at the bounds.
func (c *collection) add(list []ocispec.Descriptor) error {
	for _, desc := range list {
		of := entryOf(desc)
		if c.seen[of] || !of.signature && (!isGenericType(desc.ArtifactType) || fetchable(desc) != nil) {
			continue
		}
		const itself = 256 // about what a descriptor takes in memory without its text, in bytes
		c.bytes += itself + len(desc.MediaType) + len(desc.Digest) + len(desc.ArtifactType) + len(desc.Annotations[provider.ThumbprintAnnotation])
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

// isListed tells whether a list has the descriptor as a signature.
func (c *collection) isListed(desc ocispec.Descriptor) bool {
	desc.ArtifactType = artifactType
	return c.seen[entryOf(desc)]
}
