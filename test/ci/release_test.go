package ci

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// ours is the project's container registry, CI_REGISTRY_IMAGE in its pipelines.
const ours = "registry.gitlab.com/ska-telescope/notation-provider"

// targets are the images that make image builds where nothing else is said.
func targets(t *testing.T) []string {
	t.Helper()
	return strings.Fields(find(t, "Makefile", `(?m)^IMAGES +\?= (.+)$`))
}

func TestMakeImageBuildsEachImageOfDockerfile(t *testing.T) {
	var images []string
	for _, stage := range regexp.MustCompile(`(?m)^FROM scratch AS (\S+)$`).FindAllStringSubmatch(read(t, "Dockerfile"), -1) {
		images = append(images, stage[1])
	}
	got := targets(t)
	slices.Sort(got)
	if slices.Sort(images); !slices.Equal(got, images) {
		t.Errorf("make image builds %q, and Dockerfile has %q", got, images)
	}
}

// Nothing names an image or a chart under a name to which no release pushes.
func TestEveryNameIsOneThatIsReleased(t *testing.T) {
	released := []string{ours, ours + "/charts/notation-provider"}
	for _, target := range targets(t) {
		released = append(released, ours+"/"+target)
	}
	names, found := regexp.MustCompile(regexp.QuoteMeta(ours)+`[\w./-]*`), map[string]bool{}
	for _, folder := range []string{"README.md", "Dockerfile", "charts", "cmd", "policies", "test/tools"} {
		err := filepath.WalkDir(root+folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".sum") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, name := range names.FindAllString(string(text), -1) {
				if found[name] = true; !slices.Contains(released, name) {
					t.Errorf("%s names %s; released are %q", path, name, released)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range released[1:] {
		if !found[name] {
			t.Errorf("nothing says that there is %s", name)
		}
	}
}

// release runs .ci/release against a registry, as a pipeline of GitLab would, for this machine's platform and the server's
// image alone. The other is built in minutes.
func release(t *testing.T, tag string, registry *rig.Registry, trust string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "../../.ci/release")
	home, ca := t.TempDir(), filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(trust), 0o600); err != nil {
		t.Fatal(err)
	}
	command.Env = append(os.Environ(), "CI_COMMIT_TAG="+tag, "CI_REGISTRY="+registry.Host, "CI_REGISTRY_IMAGE="+project(registry),
		"CI_REGISTRY_USER="+registry.Username, "CI_REGISTRY_PASSWORD="+registry.Password, "SSL_CERT_FILE="+ca,
		"IMAGES=notation-provider", "PLATFORMS=linux/"+runtime.GOARCH, "OUT="+home, "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "MAKEFLAGS=")
	out, err := command.CombinedOutput()
	return string(out), err
}

// project is where the project would be in a registry.
func project(registry *rig.Registry) string {
	return registry.Host + strings.TrimPrefix(ours, "registry.gitlab.com")
}

// After a release the registry has the image under the name that the chart says, and the chart beside it.
func TestAReleaseHasWhatTheChartNames(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	version := find(t, "Dockerfile", `(?m)^ARG VERSION=(\S+)$`)
	out, err := release(t, "v"+version, registry, string(registry.CAPEM()))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	named := find(t, "charts/notation-provider/values.yaml", `(?m)^  repository: (\S+)$`)
	for _, name := range []string{named, ours + "/charts/notation-provider"} {
		repository, err := registry.Remote(strings.TrimPrefix(name, "registry.gitlab.com/"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := repository.Resolve(context.WithoutCancel(t.Context()), version); err != nil {
			t.Errorf("%s:%s: %v\n%s", name, version, err, out)
		}
	}
	if strings.Contains(out, registry.Password) {
		t.Error("the job's log has the password")
	}
}

// What is built is the version that the sources name, whatever the tag says.
func TestATagOfAnotherVersionIsNotReleased(t *testing.T) {
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	out, err := release(t, "v99.0.0", registry, string(registry.CAPEM()))
	if err == nil || !strings.Contains(out, "the tag v99.0.0 is not version") {
		t.Errorf("%v\n%s", err, out)
	}
}
