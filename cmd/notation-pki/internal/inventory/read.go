package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Bounds of what is read. No PKI reaches them, but a folder with a PKI and many other files may.
const (
	maxEntries = 20_000   // files and folders in total
	maxDepth   = 16       // levels of folders
	maxCerts   = 10_000   // certificates of a file
	maxSize    = 32 << 20 // bytes of a file: the revocation lists of public CAs have 16 MiB and more
)

// Read reads a file, or a folder with all folders below it. It follows symlinks and leaves out hidden files: Kubernetes
// keeps the versions of a volume in hidden folders, with symlinks to them, and a new generation is hidden until it is
// complete.
func Read(path string) (*Files, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	files := NewFiles()
	if info.IsDir() {
		return files, (&walk{files: files, seen: map[string]bool{}}).folder(path, 0)
	}
	return files, files.readAlone(path, info)
}

// readAlone reads a file that the user named: everything in it is reported.
func (files *Files) readAlone(path string, info fs.FileInfo) error {
	data, err := regularfile.Read(path, maxSize)
	if err != nil {
		return err
	}
	contents := files.add(path, data, info.Mode())
	if contents.empty() {
		return fmt.Errorf("%s: %s", path, contents.damage())
	}
	if contents.broken() {
		files.problem(Damaged, path+": "+contents.damage())
	}
	for _, what := range contents.skipped {
		files.notes = append(files.notes, fmt.Sprintf("%s: %s; inspect looks at certificates and CRLs only", path, what))
	}
	return nil
}

// walk goes through folders.
type walk struct {
	files   *Files
	seen    map[string]bool // folders, with no symlink in their path
	entries int
}

func (w *walk) folder(path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s is more than %d folders deep; name a folder closer to the certificates", path, maxDepth)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if w.seen[real] {
		return nil
	}
	w.seen[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		w.unreadable(err)
		return nil
	}
	for _, entry := range entries {
		if err := w.entry(filepath.Join(path, entry.Name()), depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(path string, depth int) error {
	if strings.HasPrefix(filepath.Base(path), ".making-") {
		w.files.problem(LeftBehind, path+": was left by a run that was killed, and may hold a private key: delete it")
	}
	if strings.HasPrefix(filepath.Base(path), ".") {
		return nil
	}
	if w.entries++; w.entries > maxEntries {
		return fmt.Errorf("there are more than %d files; name a folder closer to the certificates", maxEntries)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.missing(path)
	case err != nil:
		w.unreadable(err)
	case info.IsDir():
		return w.folder(path, depth+1)
	case info.Mode().IsRegular():
		w.file(path, info)
	case namedLikeCertificate(path):
		w.files.problem(Damaged, fmt.Sprintf("%s: is %s, and no file", path, regularfile.Kind(info.Mode())))
	}
	return nil
}

func (w *walk) file(path string, info fs.FileInfo) {
	if info.Size() > maxSize && !namedLikeCertificate(path) {
		return
	}
	data, err := regularfile.Read(path, maxSize)
	if err != nil {
		w.unreadable(err)
		return
	}
	if contents := w.files.add(path, data, info.Mode()); namedLikeCertificate(path) && contents.broken() {
		w.files.problem(Damaged, path+": "+contents.damage())
	}
}

// missing reports a symlink to nothing. Without one, the file was deleted meanwhile.
func (w *walk) missing(path string) {
	if _, err := os.Lstat(path); err == nil && namedLikeCertificate(path) {
		w.files.problem(Damaged, path+": is a symlink that leads nowhere")
	}
}

// unreadable reports a file that could not be read: otherwise no problem would be shown for it.
func (w *walk) unreadable(err error) {
	w.files.problem(Unreadable, err.Error())
}

// namedLikeCertificate reports whether a file's name ends like that of a certificate or CRL.

func namedLikeCertificate(path string) bool {
	return slices.Contains([]string{".pem", ".crt", ".cer", ".cert", ".der", ".ca-bundle", ".crl"}, strings.ToLower(filepath.Ext(path)))
}
