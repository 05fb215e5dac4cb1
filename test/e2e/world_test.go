//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// registryHost is that of the images: the one in README.md.
const registryHost = "registry.example"

// namespace is where the chart is installed.
const namespace = "notation-provider"

// world is a cluster with Gatekeeper, and beside it a registry with images, signed and not.
type world struct {
	*cluster.Cluster

	rig      *rig.Env
	registry *rig.Registry
	// dir is where the commands of README.md run: with root.crt, registries.yaml and the chart in it.
	dir string

	installed bool
}

var theWorld = sync.OnceValues(newWorld)

// start returns the world that all tests share; it is made when it is first asked for.
func start(t *testing.T) *world {
	t.Helper()
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newWorld() (*world, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	w := &world{dir: filepath.Join(cluster.Dir(), "work")}
	image, err := chartImage()
	if err != nil {
		return nil, err
	}
	w.Cluster, err = cluster.Start(ctx, cluster.Options{
		HelmBinary:  w.helm(),
		VolumeDelay: volumeDelay,
		Images:      map[string]string{image: filepath.Join(root, ".cache/image/notation-provider")},
	})
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{w.startRegistry, w.writeFiles, w.installGatekeeper} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *world) helm() string { return filepath.Join(cluster.Dir(), "bin", "helm") }

// chartImage is the image that the chart installs where nothing else is said.
func chartImage() (string, error) {
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	var values struct {
		Image struct {
			Repository string `json:"repository"`
		} `json:"image"`
	}
	for _, tc := range []struct {
		name string
		into any
	}{{"Chart.yaml", &chart}, {"values.yaml", &values}} {
		text, err := os.ReadFile(filepath.Join(root, "charts/notation-provider", tc.name))
		if err != nil {
			return "", err
		}
		if err := yaml.Unmarshal(text, tc.into); err != nil {
			return "", fmt.Errorf("%s: %w", tc.name, err)
		}
	}
	return values.Image.Repository + ":" + chart.AppVersion, nil
}

// startRegistry starts the registry outside the cluster, at an address of its own, and fills it.
func (w *world) startRegistry(ctx context.Context) (err error) {
	dir := filepath.Join(cluster.Dir(), "rig")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if w.rig, err = rig.New(ctx, dir); err != nil {
		return err
	}
	address := w.AddHost(registryHost)
	if w.registry, err = w.rig.Registry(ctx, rig.RegistryOptions{Name: registryHost, Listen: address + ":443"}); err != nil {
		return err
	}
	if _, err := w.registry.PushImage(ctx, "unsigned", "1"); err != nil {
		return err
	}
	return w.push(ctx, "signed", "1")
}

// push pushes an image and signs it.
func (w *world) push(ctx context.Context, repository, tag string) error {
	image, err := w.registry.PushImage(ctx, repository, tag)
	if err != nil {
		return err
	}
	_, err = w.rig.Sign(ctx, image, rig.Signature{})
	return err
}

// writeFiles writes what README.md says that its reader has.
func (w *world) writeFiles(context.Context) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return err
	}
	chart, err := filepath.Abs(filepath.Join(root, "charts"))
	if err != nil {
		return err
	}
	if err := os.Symlink(chart, filepath.Join(w.dir, "charts")); err != nil {
		return err
	}
	return writeAll(w.dir, map[string]string{
		"root.crt":        string(ca.EncodeCertificates(w.rig.SKAO.Root.Cert)),
		"registries.yaml": w.registryValues(registryHost),
	})
}

func writeAll(dir string, files map[string]string) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// registryValues are the values for the chart by which the servers trust the CA of registries.
func (w *world) registryValues(hosts ...string) string {
	roots, text := strings.ReplaceAll(strings.TrimSpace(string(ca.EncodeCertificates(w.rig.RegistryCA.Cert))), "\n", "\n      "), "registryCAs:\n"
	for _, host := range hosts {
		text += fmt.Sprintf("  - host: %s\n    pem: |\n      %s\n", host, roots)
	}
	return text
}

// installGatekeeper installs it with the values that we tell people to use. Answers are remembered for a second in place of
// three minutes, and audits are frequent, so that tests see what changes.
func (w *world) installGatekeeper(ctx context.Context) error {
	values, err := os.ReadFile(filepath.Join(root, "charts/notation-provider/gatekeeper-values.yaml"))
	if err != nil {
		return err
	}
	return w.InstallGatekeeper(ctx, strings.Replace(string(values), "externaldataProviderResponseCacheTTL: 3m", "externaldataProviderResponseCacheTTL: 1s", 1)+"\nauditInterval: 5\n")
}

// shell runs commands as a person would who follows README.md, and returns what they print on both streams.
func (w *world) shell(ctx context.Context, commands string) (string, error) {
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	shell.Dir = w.dir
	shell.Env = append(os.Environ(), "KUBECONFIG="+w.Kubeconfig(), "HOME="+w.dir,
		"PATH="+strings.Join([]string{filepath.Join(cluster.Dir(), "bin"), os.Getenv("PATH")}, ":"))
	out, err := shell.CombinedOutput()
	return string(out), err
}
