package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// versionLabel is the label that an index gets its tag from.
const versionLabel = "org.opencontainers.image.version"

// index is what a target becomes: an image a platform, under one digest.
type index struct {
	images  v1.ImageIndex
	version string
}

// index builds a target for each platform.
func (o *options) index(ctx context.Context, temporary, target string, log io.Writer) (*index, error) {
	all := &index{images: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, platform := range o.platforms {
		read, err := readDockerfile(o.context) // again for each image, as its variables are written over
		if err != nil {
			return nil, err
		}
		b := &builder{dockerfile: read, context: o.context, temporary: temporary, platform: platform, given: o.args, log: log, built: map[string]*stage{}}
		s, err := b.stage(ctx, target)
		if err != nil {
			return nil, err
		}
		image, err := s.image(temporary, platform, o.created)
		if err != nil {
			return nil, err
		}
		if all.version = s.config.Labels[versionLabel]; all.version == "" {
			return nil, fmt.Errorf("it has no label %s, which becomes its tag", versionLabel)
		}
		all.images = mutate.AppendManifests(all.images, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return all, nil
}

// image makes an image of a stage from scratch.
func (s *stage) image(temporary string, platform v1.Platform, created time.Time) (v1.Image, error) {
	if s.root != "" {
		return nil, fmt.Errorf("it is not from scratch")
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range s.layers {
		compressed, err := l.compress(temporary)
		if err != nil {
			return nil, err
		}
		history := v1.History{Created: v1.Time{Time: created}, CreatedBy: l.by}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: compressed, History: history}); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created, config.Config = v1.Time{Time: created}, s.config
	return mutate.ConfigFile(image, config)
}

// write writes the index as an OCI layout, in place of what was there.
func (i *index) write(folder string) error {
	part := folder + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	to, err := layout.Write(part, empty.Index)
	if err != nil {
		return err
	}
	if err := to.AppendIndex(i.images, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": i.version})); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(part, folder)
}

// push pushes the index under its version, and returns its name with its digest.
func (i *index) push(ctx context.Context, repository string) (pushed string, err error) {
	tag, err := name.NewTag(repository + ":" + i.version)
	if err != nil {
		return "", err
	}
	digest, err := i.images.Digest()
	if err != nil {
		return "", err
	}
	err = remote.WriteIndex(tag, i.images, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	return tag.Context().Digest(digest.String()).String(), err
}
