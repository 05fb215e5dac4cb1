package provider

import (
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Listing is what one host lists of an image's signatures.
type Listing struct {
	// Signatures are the descriptors of the signatures' manifests. Of the annotations they hold
	// ThumbprintAnnotation at most.
	Signatures []ocispec.Descriptor
	// More tells that there are others beyond the bounds. They are never looked at.
	More bool
	// Incomplete is why there may be others that the host did not list; nil for a complete list. Where no
	// signature is good, an image with such a list is undecided: one that is missing may be good.
	Incomplete error
}

const (
	// ThumbprintAnnotation names the certificates of a signature's chain (Notary Project signature specification,
	// "Storage"). It is a hint: anyone can write it.
	ThumbprintAnnotation = "io.cncf.notary.x509chain.thumbprint#S256"
	// MaxThumbprints bounds the annotation, in bytes. A chain of three certificates has about 200, one of sixteen, the
	// longest that is looked at, about 1100.
	MaxThumbprints = 2 << 10
)
