package charts

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

var update = flag.Bool("update", false, "write what is generated into the chart")

// upToDate compares a generated file with what it should be, or writes it.
func upToDate(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if have, err := os.ReadFile(path); err != nil || string(have) != want {
		t.Errorf("%s is out of date: run make generate (%v)", path, err)
	}
}

func TestTheReadmeHasEveryValue(t *testing.T) {
	docs := exec.CommandContext(t.Context(), rig.Must(binaries.Command("helm-docs"))(t), "--chart-search-root", chart, "--dry-run", "--log-level", "error")
	readme := string(rig.Must(docs.Output())(t))
	upToDate(t, chart+"/README.md", strings.TrimSpace(readme)+"\n")
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-zA-Z.]+) \| [a-z]+ \|.*\| *\|$`).FindAllStringSubmatch(readme, -1) {
		t.Errorf("%s is not explained: write # -- above it in values.yaml", row[1])
	}
}

// The chart cannot ask the server which keys are read at start alone, so it has a list of them.
func TestTheChartKnowsTheKeysReadAtStart(t *testing.T) {
	var names []string
	for _, key := range config.Keys() {
		if key.Restart {
			names = append(names, key.Name)
		}
	}
	upToDate(t, chart+"/files/read-at-start.txt", strings.Join(names, "\n")+"\n")
}

const head = "# Rendered from the chart by make generate, with examples/inline-trust.yaml.\n"

// Without the Providers, so that applying it again takes nothing back of what the rotator wrote.
func TestTheManifestsAreWhatTheChartRenders(t *testing.T) {
	const namespace = `---
apiVersion: v1
kind: Namespace
metadata:
  name: notation-provider
  labels:
    pod-security.kubernetes.io/enforce: restricted
`
	with := []string{"--values", chart + "/examples/inline-trust.yaml"}
	rest := rig.Must(template(t, append(with, "--set", "providers.create=false")...))(t)
	upToDate(t, chart+"/manifests/install.yaml", head+namespace+rest)
	providers := rig.Must(template(t, append(with, "--show-only", "templates/providers.yaml")...))(t)
	upToDate(t, chart+"/manifests/providers.yaml", head+providers)

	all := append(parse(t, rest), parse(t, providers)...).names()
	if want := render(t, with...).names(); !slices.Equal(all, want) {
		t.Errorf("the manifests have %q; the chart %q", all, want)
	}
}

func TestTheReadmeNamesEveryExampleAndFile(t *testing.T) {
	readme := string(rig.Must(os.ReadFile(chart + "/README.md"))(t))
	for _, path := range rig.Must(filepath.Glob(chart + "/examples/*"))(t) {
		if name := strings.TrimPrefix(path, chart+"/"); !strings.Contains(readme, "("+name+")") {
			t.Errorf("README.md does not name %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(filepath.Join(chart, link[1])); err != nil {
			t.Errorf("README.md names %s: %v", link[1], err)
		}
	}
}

// notes are what helm says after an installation.
func notes(t *testing.T, args ...string) string {
	t.Helper()
	said := rig.Must(helm(t, append([]string{"install", release, chart, "--namespace", release, "--dry-run=client"}, args...)...))(t)
	_, text, found := strings.Cut(said, "NOTES:")
	if !found {
		t.Fatal(said)
	}
	return text
}

func TestTheNotesSayWhatIsStillOpen(t *testing.T) {
	const (
		trust      = "TRUST IS EMPTY"
		tsa        = "NO tsa STORE"
		templates  = "NO TEMPLATES"
		constraint = "NO CONSTRAINT"
		nothing    = "NOTHING IS DENIED"
		open       = "GATEKEEPER FAILS OPEN"
		threads    = "ENOUGH THREADS"
		mutation   = "MUTATION"
		renew      = "YOU RENEW"
	)
	const check = "/notation-provider check --config /etc/notation-provider/config/config.yaml \\\n    --provider-url https://notation-provider.notation-provider.svc:8443/validate --provider-timeout 2s"
	n := newNode(t, nil)
	bundled := n.bundled()
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"nothing said", nil, []string{trust, constraint, open, threads}},
		{"inline trust", []string{"--values", chart + "/examples/inline-trust.yaml"}, []string{tsa, constraint, open, threads}},
		{"a bundle", []string{"--values", bundled}, []string{constraint, open, threads}},
		{"a dry run", []string{"--values", bundled, "--set", "constraints.preset=generic"}, []string{nothing, open, threads}},
		{"all on", []string{"--values", bundled, "--set", "constraints.preset=generic,constraints.enforcementAction=deny,mutation.create=true"}, []string{open, threads, mutation}},
		{"no templates", []string{"--values", bundled, "--set", "constraintTemplates.create=false"}, []string{templates, constraint, open, threads}},
		{"own secret", []string{"--values", bundled, "--values", chart + "/examples/own-secret.yaml"}, []string{constraint, open, threads, renew}},
	} {
		said := notes(t, c.args...)
		if !strings.Contains(said, check) {
			t.Errorf("%s: the notes do not say how to check: %s", c.name, said)
		}
		for _, words := range []string{trust, tsa, templates, constraint, nothing, open, threads, mutation, renew} {
			if got, want := strings.Contains(said, words), slices.Contains(c.want, words); got != want {
				t.Errorf("%s: the notes say %q: %t, want %t", c.name, words, got, want)
			}
		}
	}
}
