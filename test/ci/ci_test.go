// Package ci holds .gitlab-ci.yml to what it promises. The pipeline runs .ci/run, with the Go that the images are built with.
// It releases what a tag names to where the chart and the documents look for it.
package ci

import (
	"go/version"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

const root = "../../"

type pipeline struct {
	Stages    []string
	Variables map[string]string
	Default   struct {
		Image string
		Cache []struct {
			Key   struct{ Files []string }
			Paths []string
		}
	}
	Check, Release struct {
		Stage  string
		Script []string
		Rules  []struct{ If string }
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	return string(expect.Must(os.ReadFile(root + name))(t))
}

// find returns the only group of a regular expression in a file.
func find(t *testing.T, name, expression string) string {
	t.Helper()
	match := regexp.MustCompile(expression).FindStringSubmatch(read(t, name))
	if match == nil {
		t.Fatalf("%s: nothing matches %s", name, expression)
	}
	return match[1]
}

func readPipeline(t *testing.T) (p pipeline) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, ".gitlab-ci.yml")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// runs holds a job to running one script of .ci.
func (p *pipeline) runs(t *testing.T, stage string, commands []string, script string) {
	t.Helper()
	if !slices.Equal(commands, []string{script}) || !slices.Contains(p.Stages, stage) {
		t.Errorf("script %q in stage %q of %q", commands, stage, p.Stages)
	}
	info, err := os.Stat(root + script)
	if err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("%s cannot be executed: %v", script, err)
	}
}

func TestThePipelineRunsWhatCIRunDoes(t *testing.T) {
	p := readPipeline(t)
	p.runs(t, p.Check.Stage, p.Check.Script, ".ci/run")
	for _, target := range []string{"verify", "lint", "test", "test-long", "test-image", "demo", "test-valkey", "test-rules", "test-browser", "e2e"} {
		if !regexp.MustCompile(`(?m)^make (.* )?` + target + `( |$)`).MatchString(read(t, ".ci/run")) {
			t.Errorf(".ci/run does not run make %s", target)
		}
	}
}

// A stage begins when those before it have passed.
func TestATagIsReleasedOnceItIsChecked(t *testing.T) {
	p := readPipeline(t)
	p.runs(t, p.Release.Stage, p.Release.Script, ".ci/release")
	if slices.Index(p.Stages, p.Release.Stage) <= slices.Index(p.Stages, p.Check.Stage) {
		t.Errorf("%q comes before the check in %q", p.Release.Stage, p.Stages)
	}
	if len(p.Release.Rules) != 1 || p.Release.Rules[0].If != "$CI_COMMIT_TAG" {
		t.Errorf("a release is made %+v", p.Release.Rules)
	}
}

// GitLab keeps between pipelines what is below the project's folder, and nothing else.
func TestThePipelineKeepsItsCaches(t *testing.T) {
	p := readPipeline(t)
	kept := map[string][]string{} // by path, what it is remembered by
	for _, cache := range p.Default.Cache {
		for _, path := range cache.Paths {
			kept[strings.TrimSuffix(path, "/")] = cache.Key.Files
		}
	}
	for _, tc := range []struct {
		folder string
		by     []string
	}{
		{strings.TrimPrefix(p.Variables["GOCACHE"], "$CI_PROJECT_DIR/"), []string{"go.sum"}},
		{strings.TrimPrefix(p.Variables["GOMODCACHE"], "$CI_PROJECT_DIR/"), []string{"go.sum"}},
		{".cache/bin", []string{"Makefile"}},
	} {
		if !slices.Equal(kept[tc.folder], tc.by) {
			t.Errorf("%q is kept by %q, want by %q; kept are %v", tc.folder, kept[tc.folder], tc.by, kept)
		}
	}
}

// What was kept counts as long as its name is the same, so the name must say the version.
func TestToolsAreNamedByTheirVersions(t *testing.T) {
	for _, tc := range []struct{ name, module string }{
		{"kubernetes", "k8s.io/kubernetes"}, {"gatekeeper", "github.com/open-policy-agent/gatekeeper/v3"}, {"helm", "helm.sh/helm/v4"},
		{"promtool", "github.com/prometheus/prometheus"},
	} {
		have := find(t, "Makefile", `(?m)^[A-Z]+ +:= \$\(BIN\)/`+tc.name+`-(\S+)$`)
		if want := find(t, "test/tools/"+tc.name+"/go.mod", `(?m)^\s`+regexp.QuoteMeta(tc.module)+` (\S+)`); have != want {
			t.Errorf("Makefile names %s of %s, and test/tools builds %s", tc.name, have, want)
		}
	}
}

// One Go: that of the pipeline is that of the images, and new enough for every module.
func TestThePipelineHasTheGoOfTheImages(t *testing.T) {
	p := readPipeline(t)
	image := "golang:" + find(t, "Dockerfile", `golang:(\S+)`)
	if p.Default.Image != image {
		t.Errorf("the pipeline has %s, and Dockerfile has %s", p.Default.Image, image)
	}
	have := "go" + strings.TrimPrefix(image, "golang:")
	modules, err := os.ReadDir(root + "test/tools")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"go.mod"}
	for _, module := range modules {
		files = append(files, "test/tools/"+module.Name()+"/go.mod")
	}
	for _, name := range files {
		if need := "go" + find(t, name, `(?m)^go (\S+)$`); version.Compare(have, need) < 0 {
			t.Errorf("%s needs %s, and there is %s", name, need, have)
		}
	}
}
