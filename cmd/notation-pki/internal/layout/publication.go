package layout

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Publication is the place of a file that others read, such as what a web server shows: a name in a directory. The directory
// is opened once, and everything happens in that one, wherever its path leads meanwhile. No symlink is followed at the name.
// Others may write in such a directory, and a link of theirs could lead to the key of the CA.
type Publication struct {
	path string
	name string
	dir  *os.Root
	seen fs.FileInfo // what [Publication.Read] found; nil: nothing
}

// Publish opens the place. It fails if the directory is one of the PKI folder's, where nothing is replaced.
func (f Folder) Publish(path string) (*Publication, error) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	if name == "." || name == ".." || name == string(filepath.Separator) {
		return nil, fmt.Errorf("%s is a directory; name a file in it", path)
	}
	opened, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	own, err := f.holds(opened)
	if err == nil && own {
		err = fmt.Errorf("%s is in the PKI folder, where nothing is replaced; name a file of the web server's", path)
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &Publication{path: path, name: name, dir: opened}, nil
}

// holds tells whether a directory is one of the folder's, also where symlinks lead to the folders of CAs.
func (f Folder) holds(dir *os.Root) (bool, error) {
	that, err := dir.Stat(".")
	if err != nil {
		return false, err
	}
	generations, err := f.All()
	if err != nil {
		return false, err
	}
	paths := []string{f.Path}
	for _, g := range generations {
		paths = append(paths, filepath.Dir(g.Dir), g.Dir, g.File(issuedDir), g.File(crlDir))
	}
	for _, path := range paths {
		if this, err := os.Stat(path); err == nil && os.SameFile(this, that) {
			return true, nil
		}
	}
	return false, nil
}

// Close closes the directory.
func (p *Publication) Close() error { return p.dir.Close() }

// Read returns the contents of the file; nil if there is none.
func (p *Publication) Read() ([]byte, error) {
	info, err := p.dir.Lstat(p.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("%s is a symlink, and none is followed; name the file that it leads to", p.path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s; name a file", p.path, regularfile.Kind(info.Mode()))
	}
	file, err := p.dir.OpenFile(p.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(p.changed(), err)
	}
	p.seen = info
	return regularfile.ReadOpen(file, p.path, maxCRL)
}

// Replace writes the file whole, in place of what [Publication.Read] found. It fails if something else is there by now,
// which may have what the new contents lack.
func (p *Publication) Replace(content []byte) error {
	making := makingPrefix + rand.Text()
	file, err := p.dir.OpenFile(making, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = p.dir.Remove(making) }() // nothing, once it was renamed
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	now, err := p.dir.Lstat(p.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if (now == nil) != (p.seen == nil) || now != nil && !sameVersion(now, p.seen) {
		return p.changed()
	}
	return p.dir.Rename(making, p.name) // a link that has the name by now is replaced itself
}

func sameVersion(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (p *Publication) changed() error {
	return fmt.Errorf("%s was replaced meanwhile by another user or run; see who writes there, and run this again", p.path)
}
