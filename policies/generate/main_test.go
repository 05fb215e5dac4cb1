package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The generated files of the repository are up to date.
func TestUpToDate(t *testing.T) {
	if err := run("..", "../../charts/notation-provider", true); err != nil {
		t.Error(err)
	}
}

// copyOf is the policies in a folder of their own, to be spoilt.
func copyOf(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"lib", "signedimages"} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A change without generating is found, and its file named.
func TestDriftIsFound(t *testing.T) {
	for _, tc := range []struct {
		path   string
		change [2]string
	}{
		{"signedimages/policy.rego", [2]string{"not _admitted(use.image)", "not _admitted(use.image)\n\tuse"}},
		{"signedimages/parameters.yaml", [2]string{"maxLength: 253", "maxLength: 63"}},
		{"lib/image/image.rego", [2]string{"<= 1024", "<= 2048"}},
		{"lib/parameters.yaml", [2]string{"maxLength: 512", "maxLength: 256"}},
	} {
		root := copyOf(t)
		text, err := os.ReadFile(filepath.Join(root, tc.path))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), tc.change[0], tc.change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s has no %q", tc.path, tc.change[0])
		}
		if err := os.WriteFile(filepath.Join(root, tc.path), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(root, "", true); err == nil || !strings.Contains(err.Error(), "signedimages/template.yaml is out of date: run make generate") {
			t.Errorf("after a change of %s: %v", tc.path, err)
		}
		if err := run(root, "", false); err != nil {
			t.Error(err)
		}
		if err := run(root, "", true); err != nil {
			t.Errorf("after generating: %v", err)
		}
	}
}
