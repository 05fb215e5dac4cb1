package importrules_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quick is the build tag with which notation-pki takes next to no time for a passphrase. A key that
// such a build encrypts is open to guessing. It is for tests alone.
const quick = "quickpassphrases"

// Only the two files that the tag chooses between know it, and what builds commands for tests.
// A recipe for images or releases that named it would be one more.
func TestQuickPassphrasesAreForTests(t *testing.T) {
	said, err := exec.Command("git", "-C", "../..", "grep", "--untracked", "--full-name", "-l", "-I", "-e", quick).Output()
	if err != nil {
		t.Fatalf("looking for %s: %v", quick, err)
	}
	known := []string{"test/rig/build.go", "test/importrules/quick_test.go"}
	chosen := 0
	for _, file := range strings.Fields(string(said)) {
		switch {
		case slices.Contains(known, file):
		case constrained(t, file):
			chosen++
		default:
			t.Errorf("%s names the build tag %s, which is for tests alone", file, quick)
		}
	}
	if chosen != 2 {
		t.Errorf("%d files are chosen by the tag, want 2: one with it and one without", chosen)
	}
}

// constrained tells whether a file names the tag in its build constraint alone.
func constrained(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^//go:build !?` + quick + `$`)
	return strings.HasSuffix(file, ".go") && strings.Count(string(text), quick) == 1 && line.Match(text)
}

// The recipes for images and commands set no build tag at all. They set it neither by a flag, nor by the
// environment, nor by a file of the Go tool's. That for promtool is let be: its module has no code of ours.
func TestRecipesSetNoBuildTag(t *testing.T) {
	tag := regexp.MustCompile(`go (build|install|run)\b.*\s--?tags|GOFLAGS.*-tags|QUICK_PASSPHRASES`)
	for _, name := range []string{"Dockerfile", "Makefile", ".gitlab-ci.yml", ".ci/run"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(string(text), "\\\n", " ")
		for _, line := range strings.Split(joined, "\n") {
			if tag.MatchString(line) && !strings.Contains(line, "go test") && !strings.Contains(line, "cd test/tools/promtool;") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
