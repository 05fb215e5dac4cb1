//go:build e2e

package cluster_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	imagespec "github.com/opencontainers/image-spec/specs-go/v1"
)

// writeLayout writes an image of two layers: the program, and a file that the second layer takes away again.
func writeLayout(program, folder string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var layers []imagespec.Descriptor
	for _, files := range []map[string][]byte{{"workload": data, "gone": []byte("x"), "etc/kept": []byte("kept")}, {".wh.gone": nil}} {
		layer, err := tarball(files)
		if err != nil {
			return err
		}
		descriptor, err := writeBlob(folder, imagespec.MediaTypeImageLayerGzip, layer)
		if err != nil {
			return err
		}
		layers = append(layers, descriptor)
	}
	platform := imagespec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
	config, err := writeJSON(folder, imagespec.MediaTypeImageConfig, imagespec.Image{Platform: platform, Config: imagespec.ImageConfig{
		User: "65532:65532", Env: []string{"FROM_IMAGE=yes", "OVERRIDDEN=image"}, Entrypoint: []string{"/workload"}, Cmd: []string{"-listen=:8080"},
	}})
	if err != nil {
		return err
	}
	manifest, err := writeJSON(folder, imagespec.MediaTypeImageManifest, imagespec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: imagespec.MediaTypeImageManifest, Config: config, Layers: layers,
	})
	if err != nil {
		return err
	}
	manifest.Platform = &platform
	other := manifest
	other.Platform = &imagespec.Platform{OS: "plan9", Architecture: "mips"}
	index, err := json.Marshal(imagespec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, Manifests: []imagespec.Descriptor{other, manifest}})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "index.json"), index, 0o644)
}

func tarball(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	for name, data := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			return nil, err
		}
		if _, err := archive.Write(data); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	err := compressed.Close()
	return out.Bytes(), err
}

func writeJSON(folder, mediaType string, value any) (imagespec.Descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return imagespec.Descriptor{}, err
	}
	return writeBlob(folder, mediaType, data)
}

func writeBlob(folder, mediaType string, data []byte) (imagespec.Descriptor, error) {
	d := digest.FromBytes(data)
	blobs := filepath.Join(folder, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return imagespec.Descriptor{}, err
	}
	return imagespec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}, os.WriteFile(filepath.Join(blobs, d.Encoded()), data, 0o644)
}
