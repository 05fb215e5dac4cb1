package system

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// security is the page that names what stands for each threat.
const security = "../../SECURITY.md"

// standsFor matches what may stand for a threat: a test or fuzz target, a vector, a Rego test.
var standsFor = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*|[\\w-]+\\.txtar|test_\\w+)`")

// defined matches where Go and Rego tests are.
var defined = regexp.MustCompile(`(?m)^(?:func )?((?:Test|Fuzz)[A-Z]\w*|test_\w+)(?:\(| )`)

func TestWhatSecuritySaysStandsForAThreatIsThere(t *testing.T) {
	there := tests(t, os.DirFS("../.."))
	text, err := os.ReadFile(security)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || strings.HasPrefix(cells[2], "what stands for it") {
			continue
		}
		rows++
		named := standsFor.FindAllStringSubmatch(cells[2], -1)
		if len(named) == 0 && cells[2] != "not covered yet" {
			t.Errorf("nothing stands for %q, and the page does not say so", cells[0])
		}
		for _, name := range named {
			if !there[name[1]] {
				t.Errorf("%s stands for %q, and is not there", name[1], cells[0])
			}
		}
	}
	if rows < 20 {
		t.Errorf("%d rows, so the page was not read", rows)
	}
}

// tests lists every test, fuzz target, Rego test and vector of the module.
func tests(t *testing.T, module fs.FS) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	err := fs.WalkDir(module, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case filepath.Dir(path) == "test/vectors" && strings.HasSuffix(path, ".txtar"):
			there[d.Name()] = true
		case strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, "_test.rego"):
			text, err := fs.ReadFile(module, path)
			if err != nil {
				return err
			}
			for _, name := range defined.FindAllSubmatch(text, -1) {
				there[string(name[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}
