package suites

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// root is the file system that gator's runner reads: it wants absolute paths without the first slash.
var root = regular{os.DirFS("/")} //nolint:gochecknoglobals // it holds nothing

// regular reads regular files alone, within a bound: a suite names its files, and a pipe or a device would never end.
type regular struct{ fs.FS }

// ReadFile is what [fs.ReadFile] calls.
func (regular) ReadFile(name string) ([]byte, error) {
	return regularfile.Read("/"+name, regularfile.MaxText)
}

// Found is a file that is, or wants to be, a suite.
type Found struct {
	Suite *verify.Suite // nil with an error
	Path  string        // as the user would write it
	Err   error
}

// Find lists the suites at a path: a file, a directory, or a directory and all below it, "dir/...". Below a directory,
// hidden directories are left out.
func Find(target string) ([]Found, error) {
	dir, recursive := strings.CutSuffix(target, "...")
	if recursive && dir != "" && !strings.HasSuffix(dir, "/") {
		return nil, fmt.Errorf("%q: write /... after a directory", target)
	}
	dir = filepath.Clean(dir)
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if recursive {
			return nil, fmt.Errorf("%q: not a directory", dir)
		}
		suite, err := readSuite(dir)
		if suite == nil && err == nil {
			return nil, fmt.Errorf("%q is not a suite (kind: %s, apiVersion: %s/…)", dir, verify.Kind, verify.Group)
		}
		return []Found{{suite, dir, err}}, nil
	}
	return walk(dir, recursive)
}

func walk(dir string, recursive bool) ([]Found, error) {
	var all []Found
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != dir && (!recursive || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file)):
			return nil
		}
		if suite, err := readSuite(file); suite != nil || err != nil {
			all = append(all, Found{suite, file, err})
		}
		return nil
	})
	return all, err
}

// readSuite reads a suite. It returns nil for files that do not so much as name what a suite is. What is no YAML at all,
// such as a chart's templates, is none of gator's business.
func readSuite(file string) (*verify.Suite, error) {
	text, err := regularfile.Read(file, regularfile.MaxText)
	if err != nil || !bytes.Contains(text, []byte(verify.Group)) {
		return nil, err
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	target := strings.TrimPrefix(filepath.ToSlash(absolute), "/")
	found, err := verify.ReadSuites(root, target, target, false)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, nil
	}
	found[0].InputPath = file
	return found[0], checkKeys(text)
}

// checkCases wants a case in each test, and one that is not skipped.
func checkCases(suite *verify.Suite) error {
	if len(suite.Tests) == 0 {
		return errors.New("the suite has no tests")
	}
	played := false
	for _, test := range suite.Tests {
		if !test.Skip && !test.Invalid && len(test.Cases) == 0 {
			return fmt.Errorf("test %q has no cases", test.Name)
		}
		runs := test.Invalid || slices.ContainsFunc(test.Cases, func(c *verify.Case) bool { return c != nil && !c.Skip })
		played = played || !test.Skip && runs
	}
	if !played {
		return errors.New("all cases of the suite are skipped")
	}
	return nil
}

// names are the scenes that there can be beside a suite: those of the cases of all suites in its directory.
func names(suite *verify.Suite) ([]string, error) {
	neighbours, err := Find("/" + path.Dir(suite.AbsolutePath))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, found := range neighbours {
		if found.Err != nil {
			return nil, errors.Join(fmt.Errorf("reading the suites beside %s", suite.InputPath), found.Err)
		}
		for _, test := range found.Suite.Tests {
			for _, c := range test.Cases {
				all = append(all, verdicts.Scenes(test.Name, c.Name)...)
			}
		}
	}
	return all, nil
}
