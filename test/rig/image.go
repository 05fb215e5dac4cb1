package rig

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

// Image is an image, or an index of images, that was pushed to a registry.
type Image struct {
	Registry   *Registry
	Repository string // such as "production/ska-tango"
	Tag        string // the tag it was pushed or moved under; empty for a child of an index
	Descriptor ocispec.Descriptor

	// Children are the images of an index, one a platform.
	Children []Image
}

// Name is the repository with its host.
func (i Image) Name() string { return i.Registry.Scope(i.Repository) }

// Tagged is the image by tag, "host/repository:tag".
func (i Image) Tagged() string { return i.Name() + ":" + i.Tag }

// Pinned is the image by digest, "host/repository@sha256:…".
func (i Image) Pinned() string { return i.Name() + "@" + i.Descriptor.Digest.String() }

// PushImage pushes a new small image of one layer of random bytes. A tag that is there moves to it.
func (r *Registry) PushImage(ctx context.Context, repository, tag string) (Image, error) {
	image, err := r.push(ctx, repository, tag, pushImage)
	if err != nil {
		return Image{}, fmt.Errorf("pushing %s:%s: %w", r.Scope(repository), tag, err)
	}
	return image, nil
}

// PushIndex pushes an index of two new images, for linux/amd64 and linux/arm64. A tag that is there moves to it.
func (r *Registry) PushIndex(ctx context.Context, repository, tag string) (Image, error) {
	var children []Image
	image, err := r.push(ctx, repository, tag, func(ctx context.Context, to *remote.Repository) (ocispec.Descriptor, error) {
		var platforms []ocispec.Descriptor
		for _, architecture := range []string{"amd64", "arm64"} {
			child, err := pushImage(ctx, to)
			if err != nil {
				return ocispec.Descriptor{}, err
			}
			children = append(children, Image{Registry: r, Repository: repository, Descriptor: child})
			child.Platform = &ocispec.Platform{OS: "linux", Architecture: architecture}
			platforms = append(platforms, child)
		}
		return pushJSON(ctx, to, ocispec.MediaTypeImageIndex, ocispec.Index{
			Versioned: specs.Versioned{SchemaVersion: 2},
			MediaType: ocispec.MediaTypeImageIndex,
			Manifests: platforms,
		})
	})
	if err != nil {
		return Image{}, fmt.Errorf("pushing %s:%s: %w", r.Scope(repository), tag, err)
	}
	image.Children = children
	return image, nil
}

// MoveTag gives the image a further tag, which may have been another image's.
func (r *Registry) MoveTag(ctx context.Context, image Image, tag string) (Image, error) {
	moved, err := r.push(ctx, image.Repository, tag, func(context.Context, *remote.Repository) (ocispec.Descriptor, error) {
		return image.Descriptor, nil
	})
	if err != nil {
		return Image{}, fmt.Errorf("moving %s to %s: %w", tag, image.Pinned(), err)
	}
	moved.Children = image.Children
	return moved, nil
}

// Mirror copies the tagged image and all that refers to it to another registry, under the same name.
func (i Image) Mirror(ctx context.Context, to *Registry) (Image, error) {
	from, err := i.Registry.inside(i.Repository)
	if err != nil {
		return Image{}, err
	}
	into, err := to.inside(i.Repository)
	if err != nil {
		return Image{}, err
	}
	if _, err := oras.ExtendedCopy(ctx, from, i.Tag, into, i.Tag, oras.DefaultExtendedCopyOptions); err != nil {
		return Image{}, fmt.Errorf("mirroring %s to %s: %w", i.Tagged(), to.Host, err)
	}
	i.Registry = to
	return i, nil
}

// push puts content into a repository and tags it.
func (r *Registry) push(ctx context.Context, repository, tag string, put func(context.Context, *remote.Repository) (ocispec.Descriptor, error)) (Image, error) {
	to, err := r.inside(repository)
	if err != nil {
		return Image{}, err
	}
	pushed, err := put(ctx, to)
	if err != nil {
		return Image{}, err
	}
	if err := to.Tag(ctx, pushed, tag); err != nil {
		return Image{}, err
	}
	return Image{Registry: r, Repository: repository, Tag: tag, Descriptor: pushed}, nil
}

// pushImage pushes an image that no other is like, since its layer is random.
func pushImage(ctx context.Context, to *remote.Repository) (ocispec.Descriptor, error) {
	random := []byte(rand.Text())
	layer, err := pushBlob(ctx, to, ocispec.MediaTypeImageLayer, random)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	image := ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}}
	image.RootFS = ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}}
	encoded, err := json.Marshal(image)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	config, err := pushBlob(ctx, to, ocispec.MediaTypeImageConfig, encoded)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushJSON(ctx, to, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    []ocispec.Descriptor{layer},
	})
}

func pushBlob(ctx context.Context, to *remote.Repository, mediaType string, blob []byte) (ocispec.Descriptor, error) {
	described := content.NewDescriptorFromBytes(mediaType, blob)
	return described, to.Blobs().Push(ctx, described, bytes.NewReader(blob))
}

func pushJSON(ctx context.Context, to *remote.Repository, mediaType string, manifest any) (ocispec.Descriptor, error) {
	encoded, err := json.Marshal(manifest)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	described := content.NewDescriptorFromBytes(mediaType, encoded)
	return described, to.Manifests().Push(ctx, described, bytes.NewReader(encoded))
}
