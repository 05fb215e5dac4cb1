package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The names of notation's trust policy for images. From version 2 on notation looks for
// the first before the second.
const (
	newName = "trustpolicy.oci.json"
	oldName = "trustpolicy.json"
)

// findPolicy returns the file of the trust policy: path itself or, if that is a folder,
// the file in it that notation reads. The warning tells of a second one.
func findPolicy(path string) (file, warning string, err error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return findIn(path)
	}
	other := filepath.Join(filepath.Dir(path), otherName(filepath.Base(path)))
	switch exists := otherName(filepath.Base(path)) != "" && isThere(other); {
	case errors.Is(err, fs.ErrNotExist) && exists:
		return "", "", fmt.Errorf("%w; there is %s: name that as trust.policyFile, or leave trust.policyFile out", err, other)
	case err != nil:
		return "", "", err
	case exists:
		warning = fmt.Sprintf("%s counts, since the configuration names it, and %s beside it does not: notation reads %s first; remove one of them", path, other, newName)
	}
	return path, warning, nil
}

func findIn(folder string) (file, warning string, err error) {
	first, second := filepath.Join(folder, newName), filepath.Join(folder, oldName)
	switch {
	case isThere(first) && isThere(second):
		return first, fmt.Sprintf("%s counts, as it does for notation, and %s beside it does not; remove one of them", first, second), nil
	case isThere(first):
		return first, "", nil
	case isThere(second):
		return second, "", nil
	}
	return "", "", fmt.Errorf("there is neither %s nor %s in %s", newName, oldName, folder)
}

func otherName(name string) string {
	return map[string]string{newName: oldName, oldName: newName}[name]
}

// isThere does not follow symlinks: one that leads nowhere is a file that is broken, and
// no reason to go by another.
func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
