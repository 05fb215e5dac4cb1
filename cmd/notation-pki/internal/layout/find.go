package layout

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Generations lists the generations of a name, oldest first; none if there are none.
func (f Folder) Generations(name string) ([]Generation, error) {
	if !namePattern.MatchString(name) {
		return nil, fmt.Errorf("%q is no name for a certificate's folder: letters, digits, dots, dashes and underscores", name)
	}
	entries, err := os.ReadDir(filepath.Join(f.Path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []Generation
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil && number > 0 && isDir(filepath.Join(f.Path, name, entry.Name())) {
			found = append(found, Generation{Name: name, Number: number, Dir: filepath.Join(f.Path, name, entry.Name())})
		}
	}
	slices.SortFunc(found, func(a, b Generation) int { return a.Number - b.Number })
	return found, nil
}

// Find returns a generation by "name/number", or the newest by "name".
func (f Folder) Find(which string) (Generation, error) {
	name, number, exact := strings.Cut(which, "/")
	generations, err := f.Generations(name)
	if err != nil {
		return Generation{}, err
	}
	if len(generations) == 0 {
		return Generation{}, fmt.Errorf("there is no %s in %s; make it first, or name another folder by --dir", name, f.Path)
	}
	if !exact {
		return generations[len(generations)-1], nil
	}
	for _, g := range generations {
		if strconv.Itoa(g.Number) == number {
			return g, nil
		}
	}
	return Generation{}, fmt.Errorf("there is no generation %s of %s in %s; there are %s", number, name, f.Path, numbers(generations))
}

// isDir follows symlinks: a CA may be on another medium.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func numbers(generations []Generation) string {
	var all []string
	for _, g := range generations {
		all = append(all, strconv.Itoa(g.Number))
	}
	return strings.Join(all, ", ")
}

// Names lists the names there are, in alphabetical order.
func (f Folder) Names() ([]string, error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if namePattern.MatchString(entry.Name()) && isDir(filepath.Join(f.Path, entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// All lists every generation of every name; none if there is no folder yet.
func (f Folder) All() ([]Generation, error) {
	names, err := f.Names()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Generation
	for _, name := range names {
		generations, err := f.Generations(name)
		if err != nil {
			return nil, err
		}
		all = append(all, generations...)
	}
	return all, nil
}

// Chains calls a function with every generation of every name and its chain, until it returns an error. Folders without a
// certificate are left out.
func (f Folder) Chains(do func(Generation, []*x509.Certificate) error) error {
	all, err := f.All()
	if err != nil {
		return err
	}
	for _, g := range all {
		chain, err := g.Chain()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = do(g, chain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
