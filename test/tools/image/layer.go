package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is what one COPY adds to an image.
type layer struct {
	by    string // the instruction
	files []file
}

type file struct {
	name    string // in the image, absolute
	content string // where its content is on this machine
}

// compress writes the layer's archive into a folder. Its bytes depend on the files' names, contents and whether they can be
// executed, and on nothing else. Names are sorted, all belongs to root, times are 0.
func (l layer) compress(temporary string) (v1.Layer, error) {
	archive, err := os.CreateTemp(temporary, "layer-")
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	packed := gzip.NewWriter(archive)
	out := tar.NewWriter(packed)
	files := slices.SortedFunc(slices.Values(l.files), func(a, b file) int { return strings.Compare(a.name, b.name) })
	for _, f := range files {
		if err := f.write(out); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if err := errors.Join(out.Close(), packed.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromFile(archive.Name(), tarball.WithMediaType(types.OCILayer))
}

func (f file) write(out *tar.Writer) error {
	content, err := os.Open(f.content)
	if err != nil {
		return err
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no file")
	}
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755 // with every umask
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(path.Clean(f.name), "/"), Mode: mode, Size: info.Size(), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return err
}
