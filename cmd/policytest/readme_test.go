package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
)

// The suite in README.md runs with the verdicts in README.md.
func TestReadmeSuite(t *testing.T) {
	text, dir := read(t, "README.md"), t.TempDir()
	for _, match := range regexp.MustCompile("(?s)```yaml\n# ([a-z.]+)\n(.*?)```").FindAllStringSubmatch(text, -1) {
		write(t, dir, match[1], match[2])
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/readme")); err != nil {
		t.Fatal(err)
	}
	out := policytest(t, 0, dir+"/...", "-v")
	wantIn(t, out, "PASS: signed", "PASS: the provider is down")
	// Nothing in the file is only there for show.
	if _, err := verdicts.Read(filepath.Join(dir, verdicts.Name)); err != nil {
		t.Error(err)
	}
	for _, row := range []string{"verified", "refused", "undecided", "value", "error", "item", "silent", "unreachable"} {
		if !strings.Contains(text, "\n| `"+row) {
			t.Errorf("README.md has no row for %s", row)
		}
	}
}
