package registry

import (
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// index is an image index with the fields that are used (image specification, "Image Index"). All others, which may make
// up most of 4 MiB, are skipped and not copied.
type index struct {
	Manifests []struct {
		MediaType    string        `json:"mediaType"`
		Digest       digest.Digest `json:"digest"`
		Size         int64         `json:"size"`
		ArtifactType string        `json:"artifactType"`
		Annotations  struct {
			Thumbprints string `json:"io.cncf.notary.x509chain.thumbprint#S256"`
		} `json:"annotations"`
	} `json:"manifests"`
}

// parseIndex returns the entries of an index.
func parseIndex(text []byte) ([]ocispec.Descriptor, error) {
	var parsed index
	if err := json.Unmarshal(text, &parsed); err != nil {
		return nil, fmt.Errorf("%w: reading the list of signatures: %w", errNonsense, err)
	}
	list := make([]ocispec.Descriptor, 0, min(len(parsed.Manifests), MaxReferrers))
	for _, m := range parsed.Manifests {
		desc := ocispec.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: m.Size, ArtifactType: m.ArtifactType}
		if chain := m.Annotations.Thumbprints; chain != "" && len(chain) <= provider.MaxThumbprints { // an attacker may have made it long
			desc.Annotations = map[string]string{provider.ThumbprintAnnotation: chain}
		}
		list = append(list, desc)
	}
	return list, nil
}
