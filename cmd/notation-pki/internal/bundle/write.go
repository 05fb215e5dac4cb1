package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/notaryproject/notation-go/dir"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// makingPrefix begins the name of what is being written, before that of what it is to become.
const makingPrefix = ".making-"

// Write writes the files into a folder that is new or empty, all or none, and only if the provider would start with
// them. It returns warnings of what will fail later.
func Write(out string, files map[string][]byte) (warnings []string, err error) {
	if out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	entries, notThere := os.ReadDir(out)
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty, and nothing is overwritten: name a new folder by --out, compare, and swap them", out)
	}
	if info, err := os.Stat(out); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file, and nothing is overwritten: name a new folder by --out", out)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		return nil, err
	}
	return write(out, files, notThere == nil)
}

// write writes into the parent of out, which is opened once. Others may write there, and put something else in the place
// of what is made.
func write(out string, files map[string][]byte, empty bool) (warnings []string, err error) {
	prefix, name := makingPrefix+filepath.Base(out)+"-", filepath.Base(out)
	if err := refuseLeftovers(filepath.Dir(out), prefix); err != nil {
		return nil, err
	}
	parent, err := os.OpenRoot(filepath.Dir(out))
	if err != nil {
		return nil, err
	}
	defer func() { _ = parent.Close() }() // nothing is left to be written
	making := prefix + strconv.FormatInt(time.Now().UnixNano(), 10)
	if err := parent.Mkdir(making, 0o700); err != nil {
		return nil, err
	}
	defer func() { _ = parent.RemoveAll(making) }() // nothing, once it was renamed
	warnings, err = fill(parent, making, filepath.Join(filepath.Dir(out), making), files)
	if err != nil {
		return nil, err
	}
	if empty {
		if err := parent.Remove(name); err != nil { // a rename takes no folder's place, not even an empty one's
			return nil, err
		}
	}
	return warnings, parent.Rename(making, name)
}

// fill writes the files into a folder of a parent, each of them new. One that another user made meanwhile could be read
// by them, or be a link to another. Then it reads them at their path, as the provider would.
func fill(parent *os.Root, name, path string, files map[string][]byte) (warnings []string, err error) {
	folder, err := parent.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }() // each file was closed
	for name, content := range files {
		if err := create(folder, filepath.FromSlash(name), content); err != nil {
			return nil, err
		}
	}
	snapshot, err := trust.Load(filepath.Join(path, dir.PathTrustPolicy), filepath.Join(path, dir.TrustStoreDir))
	if err != nil {
		return nil, fmt.Errorf("nothing was written, since no verifier would take it: %w", err)
	}
	written, err := folder.Stat(".")
	if err != nil {
		return nil, err
	}
	if now, err := parent.Lstat(name); err != nil || !os.SameFile(now, written) {
		return nil, fmt.Errorf("%s was replaced meanwhile by another user; name by --out a folder where no other user writes", path)
	}
	return snapshot.Warnings(time.Now()), nil
}

func create(folder *os.Root, path string, content []byte) error {
	if err := folder.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := folder.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

// refuseLeftovers finds the folder that a run left behind when it was killed. The prefix is taken letter by letter: it holds
// the name that a user typed, and must not become a pattern.
func refuseLeftovers(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if rest, ok := strings.CutPrefix(entry.Name(), prefix); ok && strings.Trim(rest, "0123456789") == "" {
			return fmt.Errorf("%s was left by a run that was killed, and may hold a private key: delete it", filepath.Join(dir, entry.Name()))
		}
	}
	return nil
}
