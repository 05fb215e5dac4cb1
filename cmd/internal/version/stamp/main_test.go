package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// tree makes a repository that names version 0.9.0, and enters it.
func tree(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, tc := range []struct{ name, text string }{
		{"Dockerfile", "FROM scratch\nARG VERSION=0.9.0\nLABEL v=$VERSION\n"},
		{chart, "apiVersion: v2\nversion: 0.9.0\nappVersion: \"0.9.0\"\nkubeVersion: \">=1.30.0\"\n"},
		{"CHANGELOG.md", "# Changes\n\n## 0.9.0\n\n## 1.0.0 (soon)\n"},
	} {
		if err := os.MkdirAll(filepath.Dir(tc.name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(tc.name, []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	return string(expect.Must(os.ReadFile(name))(t))
}

func TestStampWritesTheVersionEverywhere(t *testing.T) {
	tree(t)
	if err := run(false, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, "Dockerfile"); got != "FROM scratch\nARG VERSION=1.0.0\nLABEL v=$VERSION\n" {
		t.Errorf("Dockerfile: %q", got)
	}
	if got := read(t, chart); got != "apiVersion: v2\nversion: 1.0.0\nappVersion: \"1.0.0\"\nkubeVersion: \">=1.30.0\"\n" {
		t.Errorf("chart: %q", got)
	}
	if err := run(true, "1.0.0"); err != nil {
		t.Errorf("after stamping: %v", err)
	}
}

func TestCheckNamesTheFilesAndChangesNone(t *testing.T) {
	tree(t)
	err := run(true, "1.0.0")
	if err == nil || strings.Count(err.Error(), "run make generate") != 3 {
		t.Errorf("got %v", err)
	}
	if got := read(t, "Dockerfile"); !strings.Contains(got, "0.9.0") {
		t.Errorf("Dockerfile was changed: %q", got)
	}
}

func TestTheChartMayBeElsewhere(t *testing.T) {
	tree(t)
	if err := os.RemoveAll("charts"); err != nil {
		t.Fatal(err)
	}
	if err := run(false, "1.0.0"); err != nil {
		t.Error(err)
	}
}

func TestAFileWithoutTheLineFails(t *testing.T) {
	tree(t)
	if err := os.WriteFile(chart, []byte("apiVersion: v2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(false, "1.0.0"); err == nil || !strings.Contains(err.Error(), chart+": 0 lines match") {
		t.Errorf("got %v", err)
	}
}

func TestTheChangelogHasASectionForTheVersion(t *testing.T) {
	tree(t)
	if err := run(false, "1.0.1"); err == nil || !strings.Contains(err.Error(), `no section "## 1.0.1"`) {
		t.Errorf("got %v", err)
	}
}
