// Package ci holds .gitlab-ci.yml to what it promises: the pipeline runs .ci/run, with the Go that the images are built with.
package ci

import (
	"go/version"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const root = "../../"

type job struct {
	Stage, Image string
	Script       []string
	BeforeScript []string `yaml:"before_script"`
	Cache        struct{ Paths []string }
	Variables    map[string]string
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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

func pipeline(t *testing.T) (stages []string, check job) {
	t.Helper()
	var file struct {
		Stages []string
		Check  job
	}
	if err := yaml.Unmarshal([]byte(read(t, ".gitlab-ci.yml")), &file); err != nil {
		t.Fatal(err)
	}
	return file.Stages, file.Check
}

func TestThePipelineRunsWhatCIRunDoes(t *testing.T) {
	stages, check := pipeline(t)
	if !slices.Equal(check.Script, []string{".ci/run"}) || !slices.Contains(stages, check.Stage) {
		t.Errorf("script %q in stage %q of %q", check.Script, check.Stage, stages)
	}
	info, err := os.Stat(root + ".ci/run")
	if err != nil || info.Mode()&0o111 == 0 {
		t.Errorf(".ci/run cannot be executed: %v", err)
	}
}

// GitLab keeps between pipelines what is below the project's folder, and nothing else.
func TestThePipelineKeepsItsCaches(t *testing.T) {
	_, check := pipeline(t)
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		folder := strings.TrimPrefix(check.Variables[name], "$CI_PROJECT_DIR/")
		if !slices.ContainsFunc(check.Cache.Paths, func(path string) bool { return strings.HasPrefix(folder, path) }) {
			t.Errorf("%s is %q, and kept are %q", name, check.Variables[name], check.Cache.Paths)
		}
	}
}

// One Go: that of the pipeline is that of the images, and new enough for every module.
func TestThePipelineHasTheGoOfTheImages(t *testing.T) {
	_, check := pipeline(t)
	image := "golang:" + find(t, "Dockerfile", `golang:(\S+)`)
	if check.Image != image {
		t.Errorf("the pipeline has %s, and Dockerfile has %s", check.Image, image)
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
