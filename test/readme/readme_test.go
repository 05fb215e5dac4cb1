// Package readme holds provider/README.md to what the program does: its configuration is the
// default one, its tables name every reason and cause, its commands run.
package readme

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/advice"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

var update = flag.Bool("update", false, "write what is generated into provider/README.md")

// path is what the server's users read.
const path = "../../provider/README.md"

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generated matches a part that is written here.
var generated = regexp.MustCompile(`(?s)(<!-- generated: (\w+) -->\n).*?(<!-- end -->)`)

func TestReadmeShowsWhatTheProgramSays(t *testing.T) {
	have := readme(t)
	want := generated.ReplaceAllStringFunc(have, func(part string) string {
		match := generated.FindStringSubmatch(part)
		return match[1] + generate(t, match[2]) + match[3]
	})
	if have == want {
		return
	}
	if !*update {
		t.Fatal("provider/README.md is out of date: run make generate")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// generate writes a part by its name.
func generate(t *testing.T, name string) string {
	t.Helper()
	switch name {
	case "config":
		return "```yaml\n" + bare(config.Annotated()) + "```\n"
	case "restart":
		return applied()
	case "metrics":
		return measured()
	case "reasons":
		return "| reason | it means | the developer | the platform team |\n|---|---|---|---|\n" +
			"| `verified` | a signature on this digest passes the trust policy | | |\n" + rows(provider.Reasons(), "")
	case "causes":
		return "| undecided at cause | it means | the developer | the platform team |\n|---|---|---|---|\n" + rows(provider.Causes(), advice.Undecided+"/")
	}
	t.Fatalf("nothing generates %q", name)
	return ""
}

// rows has a row for each case of the outcomes.
func rows[T ~string](names []T, before string) string {
	var b strings.Builder
	for _, name := range names {
		for _, outcome := range advice.Table() {
			if outcome.Name != before+string(name) {
				continue
			}
			for _, c := range outcome.Cases {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, c.Means, c.You, c.Platform)
			}
		}
	}
	return b.String()
}

// measured is the table of metrics.
func measured() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | |\n|---|---|---|---|\n")
	for _, d := range metrics.Descriptions() {
		var labels []string
		for _, label := range d.Labels {
			labels = append(labels, "`"+label+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(labels, " "), d.Help)
	}
	return b.String()
}

// applied is the table of what applies a change of each key.
func applied() string {
	var reload, restart []string
	for _, key := range config.Keys() {
		name := "`" + key.Name + "`"
		if key.Restart {
			restart = append(restart, name)
		} else {
			reload = append(reload, name)
		}
	}
	return "| keys | a change is in force |\n|---|---|\n" +
		"| " + strings.Join(reload, " ") + " | at the next look at the file, without a restart |\n" +
		"| " + strings.Join(restart, " ") + " | after a restart |\n"
}

// bare is YAML without empty lines and comments, but for the keys of an example that stands in comments.
func bare(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if example := regexp.MustCompile(`^# +(- )?[a-zA-Z]+: \S+$`).MatchString(trimmed) && strings.HasPrefix(line, "#  "); example || trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestReadmeHasARowForEachReasonAndCause(t *testing.T) {
	text := readme(t)
	var names []string
	for _, reason := range provider.Reasons() {
		names = append(names, string(reason))
	}
	for _, cause := range provider.Causes() {
		names = append(names, string(cause))
	}
	for _, name := range names {
		if !strings.Contains(text, fmt.Sprintf("\n| `%s` | ", name)) {
			t.Errorf("provider/README.md has no row for %q", name)
		}
	}
}

// snippets returns the fenced blocks of a language.
func snippets(t *testing.T, language string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("provider/README.md has no %s", language)
	}
	return found
}

func TestReadmeTrustPolicyLoads(t *testing.T) {
	world, dir := rig.ForTest(t), t.TempDir()
	file := filepath.Join(dir, "trustpolicy.json")
	if err := os.WriteFile(file, []byte(snippets(t, "json")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	stores := world.Trust()
	stores.Add("ca:skao-oci", world.SKAO.Root.Cert)
	stores.Add("tsa:digicert", world.TSA.Root())
	if err := stores.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(snippets(t, "json")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot, err := trust.Load(file, filepath.Join(dir, "truststore"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := snapshot.Find("harbor.skao.int/production/ska-tango"); !ok {
		t.Error("the policy in provider/README.md does not cover the images in it")
	}
}

func TestReadmeCommandsRun(t *testing.T) {
	world := rig.ForTest(t)
	registry := world.Registry(rig.RegistryOptions{Kind: rig.API})
	image := world.PushImage(registry, "production/ska-tango", "1.2")
	world.Sign(image, rig.Signature{})
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, "../../cmd/notation-provider")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	writeWorld(t, world, registry, dir)
	for _, snippet := range snippets(t, "sh") {
		if strings.Contains(snippet, "notation-pki") {
			continue // they ask for passphrases: test/signing types them
		}
		script := exec.CommandContext(t.Context(), "bash", "-eu", "-c", snippet)
		script.Dir = dir
		script.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "IMAGE="+image.Tagged())
		if out, err := script.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v\n%s", snippet, err, out)
		}
	}
}

// writeWorld writes the files that the commands in provider/README.md are given.
func writeWorld(t *testing.T, world *rig.Test, registry *rig.Registry, dir string) {
	t.Helper()
	door := world.WriteServerFiles()
	if err := world.Env.Trust(registry.Scope("*")).Write(dir); err != nil {
		t.Fatal(err)
	}
	files := []struct{ name, text string }{
		{"registry.pem", string(registry.CAPEM())},
		{"objects.json", fmt.Sprintf(`{"items": [{"kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": {"containers": [{"name": "c", "image": %q}]}}]}`, registry.Host+"/production/ska-tango:1.2")},
		{"config.yaml", fmt.Sprintf("tls: {certFile: %q, keyFile: %q, clientCAFile: %q}\nregistries: [{host: %q, caFile: registry.pem}]\n",
			door.CertFile, door.KeyFile, door.ClientCAFile, registry.Host)},
	}
	for _, tc := range files {
		if err := os.WriteFile(filepath.Join(dir, tc.name), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
