//go:build e2e

package cluster

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// dataLink is the symbolic link that all files of a volume are reached through.
const dataLink = "..data"

// swapIn makes the files of a volume appear all at once, as kubelets do. They lie in a folder named after the time, ..data
// points to it, and each name of the first level points into ..data. Nothing happens where they are as they should be. A
// group of zero or more is given the files to read.
func swapIn(folder string, files map[string]file, group int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if upToDate(filepath.Join(folder, dataLink), files) {
		return nil
	}
	old, err := os.Readlink(filepath.Join(folder, dataLink))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	fresh := time.Now().UTC().Format("..2006_01_02_15_04_05.000000000")
	for name, f := range files {
		if err := writeOwned(filepath.Join(folder, fresh, name), f, group); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(folder, fresh), 0o755); err != nil { // a volume may have no files
		return err
	}
	next := filepath.Join(folder, "..data_tmp")
	if err := os.Symlink(fresh, next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(folder, dataLink)); err != nil {
		return err
	}
	if err := linkNames(folder, files); err != nil {
		return err
	}
	if old != "" {
		return os.RemoveAll(filepath.Join(folder, old))
	}
	return nil
}

func upToDate(data string, files map[string]file) bool {
	if _, err := os.Stat(data); err != nil {
		return false
	}
	for name, f := range files {
		have, err := os.ReadFile(filepath.Join(data, name))
		if err != nil || !bytes.Equal(have, f.data) {
			return false
		}
	}
	count := 0
	err := filepath.WalkDir(data+"/", func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			count++
		}
		return err
	})
	return err == nil && count == len(files)
}

func writeOwned(name string, f file, group int) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := f.mode
	if group >= 0 {
		mode |= 0o440
	}
	if err := os.WriteFile(name, f.data, mode); err != nil {
		return err
	}
	if group >= 0 || f.owner > 0 {
		if err := os.Chown(name, f.owner, group); err != nil {
			return err
		}
	}
	return os.Chmod(name, mode) // despite the umask
}

// linkNames makes the links that are missing and removes those of files that are gone.
func linkNames(folder string, files map[string]file) error {
	names := map[string]bool{}
	for name := range files {
		top, _, _ := strings.Cut(filepath.Clean(name), "/")
		names[top] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(folder, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, "..") && !names[name] {
			if err := os.Remove(filepath.Join(folder, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
