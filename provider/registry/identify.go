package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// identify looks into the manifests whose descriptors do not say their artifact type, or say nothing by it, as in
// some registries, and keeps the signatures among them. A manifest that cannot be fetched may be a signature.
func (r *Remote) identify(ctx context.Context, found *collection) {
	untyped := found.untyped
	found.untyped = nil
	// Those with the annotation that only signatures have come first.
	slices.SortStableFunc(untyped, func(a, b ocispec.Descriptor) int { return cmp.Compare(len(b.Annotations), len(a.Annotations)) })
	for _, desc := range untyped {
		if found.isListed(desc) {
			continue
		}
		if found.fetched >= r.Untyped {
			found.more = true
			return
		}
		found.fetched++
		manifest, err := content.FetchAll(ctx, r.manifests(), desc)
		if errors.Is(err, errdef.ErrNotFound) { // which says nothing about the image
			err = provider.Undecided(provider.CauseRegistry, fmt.Errorf("no manifest %s", desc.Digest), "the registry lists a signature that it does not have")
		}
		if err != nil {
			found.doubts = cmp.Or(found.doubts, fmt.Errorf("looking into a manifest: %w", err))
			delete(found.seen, entryOf(desc)) // it may be listed elsewhere by its type
			continue
		}
		if desc = identified(desc, manifest); desc.ArtifactType == artifactType && !found.isListed(desc) {
			found.seen[entryOf(desc)] = true
			found.signatures = append(found.signatures, trimmed(desc))
		}
	}
}

// identified is the descriptor with what its manifest says of it (image specification, "Guidelines for Artifact Usage").
func identified(desc ocispec.Descriptor, manifest []byte) ocispec.Descriptor {
	var said struct {
		ArtifactType string `json:"artifactType"`
		Config       struct {
			MediaType string `json:"mediaType"`
		} `json:"config"`
		Annotations map[string]string `json:"annotations"`
	}
	if json.Unmarshal(manifest, &said) != nil {
		desc.ArtifactType = ""
		return desc
	}
	desc.ArtifactType = firstSpecific(said.ArtifactType, said.Config.MediaType)
	if len(desc.Annotations) == 0 {
		desc.Annotations = said.Annotations
	}
	return desc
}

// trimmed is a descriptor without the fields that are not used, which an attacker may have made long.
func trimmed(desc ocispec.Descriptor) ocispec.Descriptor {
	kept := ocispec.Descriptor{MediaType: desc.MediaType, Digest: desc.Digest, Size: desc.Size, ArtifactType: desc.ArtifactType}
	if chain := desc.Annotations[provider.ThumbprintAnnotation]; chain != "" && len(chain) <= provider.MaxThumbprints {
		kept.Annotations = map[string]string{provider.ThumbprintAnnotation: chain}
	}
	return kept
}
