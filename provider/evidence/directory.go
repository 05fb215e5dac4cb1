package evidence

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// header begins each file; the key and the value follow, with a line feed after the key.
const header = "notation-provider evidence 1\n"

// Directory is a [Storage] in a folder, one file an entry. The least recently used entries make room, and one
// repository has an eighth of it at most. Files that are not its own are neither read nor removed. Replicas may
// share the folder: it may then exceed its bound by a thirty-second part for each further one.
type Directory struct {
	path     string
	bound    int64 // bytes
	envelope int64 // bytes

	mu      sync.Mutex // of writes
	unknown int64      // bytes that were written since the folder was last measured; -1: it never was
}

// NewDirectory returns the storage in the folder at path, which is made at the first write if its parent is there. It
// takes bound bytes at most, each file counted in whole blocks of 4 KiB. Envelope is the size of the largest
// envelope, in bytes.
func NewDirectory(path string, bound, envelope int64) *Directory {
	return &Directory{path: path, bound: bound, envelope: envelope, unknown: -1}
}

// The name of a file has a part for its repository and a part for its key.
const (
	repositoryDigits = 32
	keyDigits        = 2 * sha256.Size
	temporary        = ".tmp-"
)

func fileName(key string) string {
	repository, whole := sha256.Sum256([]byte(repositoryOf(key))), sha256.Sum256([]byte(key))
	return hex.EncodeToString(repository[:])[:repositoryDigits] + "-" + hex.EncodeToString(whole[:])
}

// Read implements [Storage]. It follows no symlink, and opens regular files only.
func (d *Directory) Read(key string) ([]byte, error) {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	name := fileName(key)
	text, err := d.readFile(root, name)
	if err != nil {
		return nil, err
	}
	value, ok := bytes.CutPrefix(text, []byte(header+key+"\n"))
	if !ok {
		return nil, fmt.Errorf("read %s: it holds no entry of its name: %w", name, fs.ErrNotExist)
	}
	now := time.Now() // what is in use goes last; a folder that is read only keeps its order
	_ = root.Chtimes(name, now, now)
	return value, nil
}

func (d *Directory) readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	most := int64(len(header)) + maxKey + 1 + EntryBound(d.envelope)
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("read %s: it is no entry: %w", name, fs.ErrNotExist)
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, fmt.Errorf("read %s: it was replaced: %w", name, errors.Join(err, fs.ErrNotExist))
	}
	return regularfile.ReadOpen(f, name, most)
}

// Write implements [Storage]. The file appears whole or not at all: it is written under another name. It is not synced:
// one that a crash of the machine has cut is a miss.
func (d *Directory) Write(key string, value []byte) error {
	text := []byte(header + key + "\n")
	text = append(text, value...)
	if blocks(int64(len(text))) > d.spare() {
		return nil // one image must not push out the rest
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	root, err := d.open()
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := d.makeRoom(root, blocks(int64(len(text)))); err != nil {
		return err
	}
	return replace(root, fileName(key), text)
}

// open makes the folder if it is not there.
func (d *Directory) open() (*os.Root, error) {
	root, err := os.OpenRoot(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(d.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) { // another replica made it
			return nil, err
		}
		return os.OpenRoot(d.path)
	}
	return root, err
}

// replace writes the file whole.
func replace(root *os.Root, name string, text []byte) error {
	part := name + temporary + strings.ToLower(rand.Text())
	f, err := root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return nil
}
