package policies_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Runs what README.md marks as sh, in one shell and one empty folder, as somebody would who reads it from top to bottom.
func TestTheReadmesSnippetsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds policytest")
	}
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, snippet := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllSubmatch(readme, -1) {
		script.Write(snippet[1])
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String())
	command.Dir = root
	command.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nafter\n%s", err, out, script.String())
	}
	for _, line := range shown(readme) {
		if !strings.Contains(string(out), line) {
			t.Errorf("README.md shows %q, which is not in\n%s", line, out)
		}
	}
}

// shown are the lines that the README promises: those of its text blocks.
func shown(readme []byte) []string {
	var lines []string
	for _, block := range regexp.MustCompile("(?ms)^```text\n(.*?)^```$").FindAllSubmatch(readme, -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(string(block[1])), "\n")...)
	}
	return lines
}
