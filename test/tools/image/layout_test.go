package main

import (
	"archive/tar"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// read returns the one index of a layout.
func read(t *testing.T, folder string) v1.ImageIndex {
	t.Helper()
	path, err := layout.FromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := top.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("%v %v", manifest, err)
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// images are those of an index, by platform.
func images(t *testing.T, index v1.ImageIndex) map[string]v1.Image {
	t.Helper()
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]v1.Image{}
	for _, m := range manifest.Manifests {
		if all[m.Platform.String()], err = index.Image(m.Digest); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// files calls with each file of an image.
func files(t *testing.T, image v1.Image, with func(*tar.Header, io.Reader)) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		content, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		archive := tar.NewReader(content)
		for header, err := archive.Next(); !errors.Is(err, io.EOF); header, err = archive.Next() {
			if err != nil {
				t.Fatal(err)
			}
			with(header, archive)
		}
	}
}

func digest(t *testing.T, index v1.ImageIndex) v1.Hash {
	t.Helper()
	d, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// one is the image of an index that has one.
func one(t *testing.T, index v1.ImageIndex) v1.Image {
	t.Helper()
	all := slices.Collect(maps.Values(images(t, index)))
	if len(all) != 1 {
		t.Fatalf("%d images, want one", len(all))
	}
	return all[0]
}

// unpack makes a folder of an image's files.
func unpack(t *testing.T, image v1.Image) (root string) {
	t.Helper()
	root = t.TempDir()
	files(t, image, func(header *tar.Header, content io.Reader) {
		file, err := os.OpenFile(filepath.Join(root, header.Name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, header.FileInfo().Mode())
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := io.Copy(file, content); err != nil {
			t.Fatal(err)
		}
	})
	return root
}

// in runs a command as the image's user with nothing but the image's files, as a container does.
func in(t *testing.T, root string, command ...string) string {
	t.Helper()
	const user = 65532
	for _, dir := range []string{filepath.Dir(root), root} { // they are private to the user of the test
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	attr := &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user, NoSetGroups: os.Getuid() != 0}}
	if os.Getuid() != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}}
	}
	c := &exec.Cmd{Path: command[0], Args: command, Dir: "/", Env: []string{"PATH=/credential-helpers"}, SysProcAttr: attr}
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", command, err, said)
	}
	return string(said)
}
