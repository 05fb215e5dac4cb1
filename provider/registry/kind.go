package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// artifactManifest is a media type that early versions of notation wrote.
	artifactManifest = "application/vnd.oci.artifact.manifest.v1+json"
	// dockerList is the index of Docker's image manifest version 2, schema 2.
	dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
)

var errNonsense = errors.New("the answer is no manifest")

// isManifest tells the media types of manifests and indexes, OCI's and Docker's,
// from those of pages for people.
func isManifest(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.oci.") || strings.HasPrefix(mediaType, "application/vnd.docker.")
}

// isIndex tells the media types of what lists manifests.
func isIndex(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageIndex || mediaType == dockerList
}

// isGeneric tells a Content-Type that does not say what kind of document it is of, so that the document may say it. Text
// and pages are not among them: those who log people in send these.
func isGeneric(contentType string) bool {
	switch contentType {
	case "", "application/json", "application/octet-stream", "binary/octet-stream":
		return true
	}
	return false
}

// contentType is the Content-Type of an answer, in lower case and without its parameters; "" if there is none.
func contentType(header http.Header) string {
	text := header.Get("Content-Type")
	if text == "" {
		return ""
	}
	bare, _, err := mime.ParseMediaType(text)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "invalid"
	}
	return bare
}

// document is what tells the kind of a manifest or index.
type document struct {
	SchemaVersion int     `json:"schemaVersion"`
	MediaType     string  `json:"mediaType"`
	Manifests     present `json:"manifests"`
	Config        present `json:"config"`
	Layers        present `json:"layers"`
}

// present tells that a member is there. Its value, which may be large, is not kept.
type present bool

// UnmarshalJSON implements json.Unmarshaler.
func (p *present) UnmarshalJSON([]byte) error {
	*p = true
	return nil
}

// kindOf returns the media type of the manifest or index in an answer. The Content-Type says it, or the document where the
// Content-Type is generic. Where both say something they must agree, and the members must fit: a document that is an
// image to one reader and an index to another is neither (OCI image specification, GHSA-77vh-xpmg-72qh).
func kindOf(header http.Header, body []byte) (string, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return "", fmt.Errorf("%w: %w", errNonsense, err)
	}
	kind := contentType(header)
	switch {
	case isGeneric(kind):
		kind = d.kind()
	case d.MediaType != "" && d.MediaType != kind:
		return "", fmt.Errorf("%w: its header says %q, and it says %q", errNonsense, kind, d.MediaType)
	}
	if !isManifest(kind) || !d.fits(kind) {
		return "", fmt.Errorf("%w: its media type is %q, of %q", errNonsense, kind, contentType(header))
	}
	return kind, nil
}

// kind is what the document is by its own words or, without these, by its members; "" if it does not tell.
func (d *document) kind() string {
	switch {
	case d.SchemaVersion != 2 && d.SchemaVersion != 0:
		return ""
	case d.MediaType != "":
		return d.MediaType
	case bool(d.Manifests):
		return ocispec.MediaTypeImageIndex
	case bool(d.Config && d.Layers):
		return ocispec.MediaTypeImageManifest
	}
	return ""
}

// fits tells whether the document has no members of the other kind.
func (d *document) fits(kind string) bool {
	if isIndex(kind) {
		return !bool(d.Config || d.Layers)
	}
	return !bool(d.Manifests)
}
