//go:build e2e

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	imagespec "github.com/opencontainers/image-spec/specs-go/v1"
)

// image is an unpacked one.
type image struct {
	id     string
	root   string
	config imagespec.ImageConfig
}

// images unpacks each image once.
type images struct {
	dir string

	mu       sync.Mutex
	folders  map[string]string // by reference
	unpacked map[string]*image // by folder
}

// AddImage lets pods use the image that lies in the folder, as [Options.Images] does.
func (c *Cluster) AddImage(reference, folder string) {
	c.agent.images.mu.Lock()
	defer c.agent.images.mu.Unlock()
	c.agent.images.folders[reference] = folder
}

func (i *images) get(reference string) (*image, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	folder, ok := i.folders[reference]
	if !ok {
		return nil, fmt.Errorf("no image %q: Options.Images has none of this name", reference)
	}
	if known := i.unpacked[folder]; known != nil {
		return known, nil
	}
	made, err := i.unpack(folder)
	if err != nil {
		return nil, fmt.Errorf("image %q in %s: %w", reference, folder, err)
	}
	i.unpacked[folder] = made
	return made, nil
}

// unpack reads an image layout; a folder without an index.json is a root file system, which is used where it is.
func (i *images) unpack(folder string) (*image, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	var index imagespec.Index
	if err := readJSON(filepath.Join(absolute, imagespec.ImageIndexFile), &index); errors.Is(err, os.ErrNotExist) {
		_, err := os.Stat(absolute)
		return &image{id: "folder://" + absolute, root: absolute}, err
	} else if err != nil {
		return nil, err
	}
	descriptor, err := choose(absolute, index)
	if err != nil {
		return nil, err
	}
	var manifest imagespec.Manifest
	var config imagespec.Image
	if err := readJSON(blob(absolute, descriptor), &manifest); err != nil {
		return nil, err
	}
	if err := readJSON(blob(absolute, manifest.Config), &config); err != nil {
		return nil, err
	}
	made := &image{id: descriptor.Digest.String(), root: filepath.Join(i.dir, descriptor.Digest.Encoded()), config: config.Config}
	if err := os.MkdirAll(made.root, 0o755); err != nil {
		return nil, err
	}
	for _, layer := range manifest.Layers {
		if err := unpackLayer(blob(absolute, layer), layer.MediaType, made.root); err != nil {
			return nil, fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
	}
	return made, nil
}

// choose finds the manifest for this machine, through nested indexes.
func choose(folder string, index imagespec.Index) (imagespec.Descriptor, error) {
	for _, descriptor := range index.Manifests {
		if p := descriptor.Platform; p != nil && (p.OS != runtime.GOOS || p.Architecture != runtime.GOARCH) {
			continue
		}
		if descriptor.MediaType != imagespec.MediaTypeImageIndex {
			return descriptor, nil
		}
		var nested imagespec.Index
		if err := readJSON(blob(folder, descriptor), &nested); err != nil {
			return descriptor, err
		}
		return choose(folder, nested)
	}
	return imagespec.Descriptor{}, fmt.Errorf("nothing for %s/%s in it", runtime.GOOS, runtime.GOARCH)
}

func blob(folder string, d imagespec.Descriptor) string {
	return filepath.Join(folder, imagespec.ImageBlobsDir, d.Digest.Algorithm().String(), d.Digest.Encoded())
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
