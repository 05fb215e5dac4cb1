//go:build e2e

package cluster

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func unpackLayer(file, mediaType, folder string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var content io.Reader = f
	switch {
	case strings.HasSuffix(mediaType, "gzip"):
		if content, err = gzip.NewReader(f); err != nil {
			return err
		}
	case strings.HasSuffix(mediaType, "zstd"):
		decoder, err := zstd.NewReader(f)
		if err != nil {
			return err
		}
		defer decoder.Close()
		content = decoder
	}
	root, err := os.OpenRoot(folder) // nothing in a layer reaches out of it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(root, header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
	if name == "" {
		return nil
	}
	if removed, ok := strings.CutPrefix(path.Base(name), ".wh."); ok {
		if removed == ".wh..opq" {
			return errors.New("opaque folders are not supported")
		}
		return root.RemoveAll(path.Join(path.Dir(name), removed))
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := header.FileInfo().Mode()
	if header.Typeflag != tar.TypeDir {
		_ = root.Remove(name)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o755); err != nil {
			return err
		}
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(path.Clean("/"+header.Linkname), "/"), name)
	case tar.TypeReg:
		f, err := root.Create(name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, content); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	default:
		return nil // devices: a container's are the agent's
	}
	if err := root.Chown(name, header.Uid, header.Gid); err != nil && os.Geteuid() == 0 && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return root.Chmod(name, mode)
}
