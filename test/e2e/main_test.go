//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestMain(m *testing.M) { os.Exit(cluster.Main(m, prepare)) }

// root is the module's, seen from here.
const root = "../.."

// crds are the kinds of others that the chart's examples use, by the module that has them.
func crds() map[string][]string {
	return map[string][]string{
		"github.com/cert-manager/cert-manager@v1.21.2": {"deploy/crds/cert-manager.io_certificates.yaml"},
		"github.com/prometheus-operator/prometheus-operator@v0.85.0": {
			"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
			"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
		},
	}
}

// prepare builds and fetches what the tests install and drive, where the machine's network is.
func prepare(dir string) error {
	for _, command := range []string{"helm", "notation-pki"} {
		fmt.Fprintln(os.Stderr, "building", command)
		if _, err := rig.Build(context.Background(), filepath.Join(dir, "bin"), command); err != nil {
			return err
		}
	}
	if err := buildHelper(dir); err != nil {
		return err
	}
	if err := fetchCRDs(filepath.Join(dir, "work", "crds")); err != nil {
		return err
	}
	image := exec.Command("make", "-C", root, "image", "IMAGES=notation-provider")
	image.Stdout, image.Stderr = os.Stderr, os.Stderr
	return image.Run()
}

// fetchCRDs writes the CRDs to a folder.
func fetchCRDs(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for module, files := range crds() {
		out, err := exec.Command("go", "mod", "download", "-json", module).Output()
		if err != nil {
			return fmt.Errorf("downloading %s: %w", module, err)
		}
		var downloaded struct{ Dir string }
		if err := json.Unmarshal(out, &downloaded); err != nil {
			return fmt.Errorf("downloading %s: %w", module, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(downloaded.Dir, file))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
