package rig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Defect is one thing that is wrong with a signature.
type Defect string

// The defects there are. Each leaves all else as notation makes it.
const (
	Sound           Defect = ""
	NoLayer         Defect = "no-layer"         // the manifest has no layer
	TwoLayers       Defect = "two-layers"       // the manifest has the envelope and a copy of it
	WrongMediaType  Defect = "wrong-media-type" // the layer has a media type that is no envelope's
	Swapped         Defect = "swapped"          // the layer has the media type of the other envelope
	Junk            Defect = "junk"             // the layer holds text that is no envelope
	Oversized       Defect = "oversized"        // the envelope is followed by 2 MiB of spaces
	Tampered        Defect = "tampered"         // the payload was changed after signing
	WrongThumbprint Defect = "wrong-thumbprint" // the annotation names a chain that did not sign
	NoAnnotations   Defect = "no-annotations"   // the manifest says nothing about the envelope
	NotASignature   Defect = "not-a-signature"  // the artifact type is an SBOM's
	LostBlob        Defect = "lost-blob"        // the envelope is gone
	LostManifest    Defect = "lost-manifest"    // the manifest is gone; where the tag schema listed it, it still does
)

// Defects lists every [Defect] but [Sound].
func Defects() []Defect {
	return []Defect{
		NoLayer, TwoLayers, WrongMediaType, Swapped, Junk, Oversized, Tampered, WrongThumbprint, NoAnnotations,
		NotASignature, LostBlob, LostManifest,
	}
}

const oversize = 2 << 20

// apply changes a valid artifact as the defect says.
func (d Defect) apply(p *signatureArtifact) (err error) {
	envelope := &p.layers[0]
	switch d {
	case Sound:
	case NoLayer:
		p.layers = nil
	case TwoLayers:
		twin := layer{envelope.mediaType, append(slices.Clone(envelope.content), '\n')}
		p.layers = append(p.layers, twin)
	case WrongMediaType:
		envelope.mediaType = "application/octet-stream"
	case Swapped:
		envelope.mediaType = map[string]string{ca.JWS: ca.COSE, ca.COSE: ca.JWS}[envelope.mediaType]
	case Junk:
		envelope.content = []byte("this is no envelope")
	case Oversized:
		envelope.content = slices.Concat(envelope.content, bytes.Repeat([]byte{' '}, oversize))
	case Tampered:
		envelope.content, err = tamper(envelope.mediaType, envelope.content)
	case WrongThumbprint:
		p.annotations = maps.Clone(p.annotations)
		p.annotations["io.cncf.notary.x509chain.thumbprint#S256"] = `["` + strings.Repeat("0", 64) + `"]`
	case NoAnnotations:
		p.annotations = map[string]string{ocispec.AnnotationCreated: p.annotations[ocispec.AnnotationCreated]}
	case NotASignature:
		p.artifactType = "application/spdx+json"
	case LostBlob:
		p.loseBlobs = true
	case LostManifest:
		p.loseManifest = true
	default:
		return fmt.Errorf("unknown defect %q", d)
	}
	return err
}

// tamper makes the payload speak of another digest of the same length, so that the envelope stays well-formed.
func tamper(mediaType string, envelope []byte) ([]byte, error) {
	if mediaType == ca.COSE {
		return changeDigest(envelope)
	}
	var fields map[string]json.RawMessage
	var payload string
	if err := json.Unmarshal(envelope, &fields); err != nil {
		return nil, fmt.Errorf("reading the envelope: %w", err)
	}
	if err := json.Unmarshal(fields["payload"], &payload); err != nil {
		return nil, fmt.Errorf("reading the payload: %w", err)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil, fmt.Errorf("decoding the payload: %w", err)
	}
	changed, err := changeDigest(decoded)
	if err != nil {
		return nil, err
	}
	if fields["payload"], err = json.Marshal(base64.RawURLEncoding.EncodeToString(changed)); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// changeDigest replaces the hexadecimal part of the first digest.
func changeDigest(payload []byte) ([]byte, error) {
	at := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindIndex(payload)
	if at == nil {
		return nil, errors.New("the payload names no digest")
	}
	changed := slices.Clone(payload)
	copy(changed[at[0]:], "sha256:"+strings.Repeat("5", 64))
	return changed, nil
}
