package registry

import (
	"encoding/json"
	"fmt"
	"net/http"

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
		if m.Annotations.Thumbprints != "" {
			desc.Annotations = map[string]string{provider.ThumbprintAnnotation: m.Annotations.Thumbprints}
		}
		list = append(list, trimmed(desc))
	}
	return list, nil
}

// withEntries is an answer with the entries of its index alone. It is read and closed here, so that a large one is not held
// while what it lists is looked at.
func withEntries(response *http.Response) (*http.Response, error) {
	text, err := readBody(response)
	if err != nil {
		return nil, err
	}
	list, err := parseIndex(text)
	if err == nil {
		text, err = json.Marshal(ocispec.Index{Manifests: list})
	}
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	return withBody(response, text), nil
}
