package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// The files of a generation.
const (
	CertFile  = "cert.pem"
	KeyFile   = "key.pem"
	ChainFile = "chain.pem"
	issuedDir = "issued"
	crlDir    = "crl"
)

// makingPrefix begins the names of files that are being written. A file of such a name later was left by a run that was killed.
const makingPrefix = ".making-"

// Folder is the folder of a PKI. It may not exist yet.
type Folder struct {
	Path string
}

// namePattern matches the names of certificates' folders. They hold no path.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Next is the generation to make: the first of its name, or with rotate the one after the newest. It fails
// without rotate if there is one, and with rotate if there is none.
func (f Folder) Next(name string, rotate bool) (Generation, error) {
	generations, err := f.Generations(name)
	if err != nil {
		return Generation{}, err
	}
	last := 0
	if n := len(generations); n > 0 {
		last = generations[n-1].Number
	}
	number := max(last, f.lastRetired(name)) + 1
	switch {
	case rotate && last == 0:
		return Generation{}, fmt.Errorf("there is no %s in %s to rotate; leave --rotate out to make the first", name, f.Path)
	case !rotate && last > 0:
		return Generation{}, fmt.Errorf("%s holds generation %d of %s, and nothing is overwritten; make the next beside it by --rotate, or another by --name",
			f.Path, last, name)
	}
	return Generation{Name: name, Number: number, Dir: filepath.Join(f.Path, name, strconv.Itoa(number))}, nil
}

// Create writes the files of a new generation, all or none. It fails where the generation is there already.
func (f Folder) Create(g Generation, files map[string][]byte) error {
	parent := filepath.Dir(g.Dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	making, err := os.MkdirTemp(parent, makingPrefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(making) }() // nothing, once it was renamed
	for name, content := range files {
		if err := writeNew(filepath.Join(making, name), content); err != nil {
			return err
		}
	}
	// Nothing is in its place, or the rename fails.
	if err := os.Rename(making, g.Dir); err != nil {
		return fmt.Errorf("%s was made meanwhile, and nothing is overwritten: %w", g.Dir, err)
	}
	return syncDir(parent)
}

// writeNew writes a file that is not there yet, whole or not at all. It makes sure that the file is on the disk: there
// may be no other copy.
func writeNew(path string, content []byte) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, makingPrefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // nothing, where it was renamed
	_, err = file.Write(content)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := linkNew(file.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// linkNew gives a file its name, unless another has it. Not every medium that a CA is carried on knows links.
func linkNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // there are file systems that cannot
	}
	return errors.Join(err, dir.Close())
}

// Contains reports whether a path is the folder or lies below it, after symlinks were followed. An empty path does not.
func (f Folder) Contains(path string) bool {
	if path == "" {
		return false
	}
	way, err := filepath.Rel(resolved(f.Path), resolved(path))
	return err == nil && way != ".." && !strings.HasPrefix(way, "../")
}

// resolved is an absolute path without symlinks, as far as it exists.
func resolved(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		return followed
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(resolved(parent), filepath.Base(path))
	}
	return path
}
