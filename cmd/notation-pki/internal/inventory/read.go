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

// Bounds of what is read. No PKI comes near them; a folder that holds one and much else might.
const (
	maxEntries = 20_000   // files and folders, all in all
	maxDepth   = 16       // folders in each other
	maxCerts   = 10_000   // certificates of a file
	maxSize    = 32 << 20 // bytes of a file: the revocation lists of public CAs have 16 MiB and more
)

// Read reads a file, or all that is in a folder and in those below it. Symlinks are followed, and what is hidden is left
// out: Kubernetes keeps the versions of a volume in hidden folders, with symlinks beside them that lead there, and a
// generation that is being made is hidden until it is whole.
func Read(path string) (*Pile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	p := NewPile()
	if info.IsDir() {
		return p, (&walk{pile: p, seen: map[string]bool{}}).folder(path, 0)
	}
	return p, p.readAlone(path, info)
}

// readAlone reads a file that was named: nothing about it is silent.
func (p *Pile) readAlone(path string, info fs.FileInfo) error {
	data, err := regularfile.Read(path, maxSize)
	if err != nil {
		return err
	}
	f := p.sort(path, data, info.Mode())
	if f.empty() {
		return fmt.Errorf("%s: %s", path, f.damage())
	}
	if f.broken() {
		p.problem(Damaged, path+": "+f.damage())
	}
	for _, what := range f.skipped {
		p.notes = append(p.notes, fmt.Sprintf("%s: %s; inspect looks at certificates and CRLs only", path, what))
	}
	return nil
}

// walk goes through folders.
type walk struct {
	pile    *Pile
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
		w.pile.problem(LeftBehind, path+": was left by a run that was killed, and may hold a private key: delete it")
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
	case namedLikeOne(path):
		w.pile.problem(Damaged, fmt.Sprintf("%s: is %s, and no file", path, regularfile.Kind(info.Mode())))
	}
	return nil
}

func (w *walk) file(path string, info fs.FileInfo) {
	if info.Size() > maxSize && !namedLikeOne(path) {
		return
	}
	data, err := regularfile.Read(path, maxSize)
	if err != nil {
		w.unreadable(err)
		return
	}
	if f := w.pile.sort(path, data, info.Mode()); namedLikeOne(path) && f.broken() {
		w.pile.problem(Damaged, path+": "+f.damage())
	}
}

// missing is a symlink to nothing, or a file that went away meanwhile.
func (w *walk) missing(path string) {
	if _, err := os.Lstat(path); err == nil && namedLikeOne(path) {
		w.pile.problem(Damaged, path+": is a symlink that leads nowhere")
	}
}

// unreadable tells of what could not be looked at: without it, silence would pass for being well.
func (w *walk) unreadable(err error) {
	w.pile.problem(Unreadable, err.Error())
}

// namedLikeOne tells whether a file claims to be a certificate or CRL.
func namedLikeOne(path string) bool {
	return slices.Contains([]string{".pem", ".crt", ".cer", ".cert", ".der", ".ca-bundle", ".crl"}, strings.ToLower(filepath.Ext(path)))
}
