//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// section returns the commands, and the text after them, that a document shows below a heading.
func section(t *testing.T, document, heading string) (commands []string, result string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", document, heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	blocks := regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```").FindAllStringSubmatch(rest, -1)
	for _, block := range blocks {
		if block[1] == "sh" {
			commands = append(commands, strings.Split(strings.TrimSpace(strings.ReplaceAll(block[2], "\\\n", " ")), "\n")...)
		} else if result == "" {
			result = strings.TrimSpace(block[2])
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s, %q: no commands", document, heading)
	}
	return commands, result
}

// install installs the chart as README.md says, unless it is installed.
func (w *world) install(t *testing.T) {
	t.Helper()
	if w.installed {
		return
	}
	commands, _ := section(t, "README.md", "## Install")
	w.must(t, "rm -rf trust") // of an installation that a test removed
	for _, command := range commands[:len(commands)-1] {
		w.must(t, command)
	}
	w.installed = true
	w.enforced(t)
}

// must runs commands that have to succeed.
func (w *world) must(t *testing.T, commands string) string {
	t.Helper()
	out, err := w.shell(context.WithoutCancel(t.Context()), commands) // also while the test cleans up
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return out
}

// refused runs commands that have to fail, and returns what they print.
func (w *world) refused(t *testing.T, commands string) string {
	t.Helper()
	out, err := w.shell(t.Context(), commands)
	if err == nil {
		t.Fatalf("%s: was not refused\n%s", commands, out)
	}
	return out
}

// enforced waits until Gatekeeper denies an unsigned image.
func (w *world) enforced(t *testing.T) {
	t.Helper()
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl run probe --image="+registryHost+"/unsigned:1 --dry-run=server")
		return err != nil && strings.Contains(out, "unsigned"), out
	})
}

// eventually waits until a condition holds, and says what was seen last when it does not.
func eventually(t *testing.T, within time.Duration, holds func(context.Context) (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), within) // also while the test cleans up
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, seen := holds(ctx)
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s; last seen:\n%s", within, seen)
		case <-tick.C:
		}
	}
}

// shows tells whether a text has what a document shows of it, where … stands for anything and lines may be broken elsewhere.
func shows(text, shown string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(strings.Fields(shown), " ")), "…", ".*")
	return regexp.MustCompile(pattern).MatchString(strings.Join(strings.Fields(text), " "))
}

// The commands of README.md, as they stand there, lead from a cluster with Gatekeeper to the denial that it shows.
func TestReadmeInstalls(t *testing.T) {
	w := start(t)
	w.install(t)
	commands, denial := section(t, "README.md", "## Install")
	out := w.refused(t, commands[len(commands)-1])
	if !shows(out, denial) {
		t.Errorf("README.md shows\n%s\nand the last command prints\n%s", denial, out)
	}
	if len(commands) > 6 {
		t.Errorf("README.md takes %d commands to install", len(commands))
	}
}
