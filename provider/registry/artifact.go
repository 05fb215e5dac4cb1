package registry

import (
	"mime"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// artifactType is that of notation signatures (signature specification, "Storage").
const artifactType = "application/vnd.cncf.notary.signature"

// isGenericType tells the artifact types that do not say what an artifact is, since registries and clients put them where they
// know none: the type of the config or of the manifest itself, and the defaults of oras. A signature's own type in another
// spelling is among them, for the manifest has it to the letter. All other types say what the artifact is, and that it is no
// signature.
func isGenericType(said string) bool {
	bare, _, err := mime.ParseMediaType(said)
	if err != nil {
		bare = said
	}
	switch bare {
	case "", artifactType,
		ocispec.MediaTypeEmptyJSON, ocispec.MediaTypeImageConfig, "application/vnd.docker.container.image.v1+json",
		"application/vnd.unknown.config.v1+json", "application/vnd.unknown.artifact.v1",
		ocispec.MediaTypeImageManifest, artifactManifest, "application/vnd.docker.distribution.manifest.v2+json",
		ocispec.MediaTypeImageIndex, dockerList,
		"application/json", "application/octet-stream", "binary/octet-stream", "text/plain":
		return true
	}
	return false
}

// firstSpecific is the first of some artifact types that says what the artifact is.
func firstSpecific(types ...string) string {
	for _, said := range types {
		if said == artifactType || !isGenericType(said) {
			return said
		}
	}
	return ""
}
