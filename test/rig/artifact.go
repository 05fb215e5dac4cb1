package rig

import (
	"bytes"
	"context"
	"fmt"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// signatureType is the media type of a notation signature's config, which stands in for its artifact type.
const signatureType = "application/vnd.cncf.notary.signature"

// signatureArtifact is a signature in the form that notation pushes: an image manifest with an empty config and the envelope
// as its only layer. Defects are applied before it is pushed.
type signatureArtifact struct {
	artifactType string
	layers       []layer
	annotations  map[string]string

	// lost is what is deleted once everything is in place.
	loseBlobs, loseManifest bool
}

type layer struct {
	mediaType string
	content   []byte
}

func newSignatureArtifact(envelope *ca.Envelope, defect Defect) (*signatureArtifact, error) {
	p := &signatureArtifact{
		artifactType: signatureType,
		layers:       []layer{{envelope.MediaType, envelope.Raw}},
		annotations:  envelope.Annotations,
	}
	return p, defect.apply(p)
}

// push stores the artifact beside its subject.
func (p *signatureArtifact) push(ctx context.Context, to *remote.Repository, subject ocispec.Descriptor) (ocispec.Descriptor, error) {
	layers, err := p.pushLayers(ctx, to)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	config, err := p.pushConfig(ctx, to)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	subject = ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	manifest, err := pushJSON(ctx, to, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   ocispec.MediaTypeImageManifest,
		Config:      config,
		Layers:      layers,
		Subject:     &subject,
		Annotations: p.annotations,
	})
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return manifest, p.remove(ctx, to, manifest, layers)
}

func (p *signatureArtifact) pushLayers(ctx context.Context, to *remote.Repository) ([]ocispec.Descriptor, error) {
	layers := []ocispec.Descriptor{} // none is still a list: null is another mistake
	for _, l := range p.layers {
		pushed, err := pushBlob(ctx, to, l.mediaType, l.content)
		if err != nil {
			return nil, fmt.Errorf("pushing an envelope: %w", err)
		}
		layers = append(layers, pushed)
	}
	return layers, nil
}

// pushConfig pushes the empty config, unless another signature did: its digest is always the same.
func (p *signatureArtifact) pushConfig(ctx context.Context, to *remote.Repository) (ocispec.Descriptor, error) {
	config := content.NewDescriptorFromBytes(p.artifactType, ocispec.DescriptorEmptyJSON.Data)
	there, err := to.Blobs().Exists(ctx, config)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if there {
		return config, nil
	}
	return config, to.Blobs().Push(ctx, config, bytes.NewReader(ocispec.DescriptorEmptyJSON.Data))
}

// remove deletes what the defect says is lost: registries refuse a manifest whose blobs are missing.
func (p *signatureArtifact) remove(ctx context.Context, to *remote.Repository, manifest ocispec.Descriptor, layers []ocispec.Descriptor) error {
	if p.loseBlobs {
		for _, l := range layers {
			if err := to.Blobs().Delete(ctx, l); err != nil {
				return fmt.Errorf("deleting an envelope: %w", err)
			}
		}
	}
	if !p.loseManifest {
		return nil
	}
	// A client that believes in the API leaves the tag schema's index alone, and so the manifest stays listed.
	plain, err := remote.NewRepository(to.Reference.String())
	if err != nil {
		return err
	}
	plain.Client, plain.PlainHTTP = to.Client, to.PlainHTTP
	if err := plain.SetReferrersCapability(true); err != nil {
		return err
	}
	return plain.Delete(ctx, manifest)
}
