//go:build e2e

// Package rotator_test runs the cert-rotator against a real API server, with exactly the
// rights that its README lists. What Gatekeeper and the kubelet would do is done here: a
// replica of the server takes up the Secret, and is asked in Gatekeeper's way.
package rotator_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

const kubernetes = "kubernetes-v1.36.3"

// shared is the API server of all tests, and the rotator's binary.
type shared struct {
	env    *envtest.Environment
	config *rest.Config
	admin  client.WithWatch
	binary string
	audit  string // the API server's audit log
	user   string // a kubeconfig with the rotator's rights
}

var cluster shared

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "e2e-rotator-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := cluster.start(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, "starting the API server:", err)
		return 1
	}
	defer func() { _ = cluster.env.Stop() }()
	return m.Run()
}

func (s *shared) start(ctx context.Context, dir string) error {
	root, gatekeeper, err := modules(ctx)
	if err != nil {
		return err
	}
	if s.binary, err = rig.Build(ctx, dir, "cert-rotator"); err != nil {
		return err
	}
	binaries := filepath.Join(root, ".cache", "bin", kubernetes)
	if _, err := os.Stat(filepath.Join(binaries, "kube-apiserver")); err != nil {
		return fmt.Errorf("%w; run: make .cache/bin/%s", err, kubernetes)
	}
	s.audit = filepath.Join(dir, "audit.log")
	policy := filepath.Join(dir, "audit.yaml")
	if err := os.WriteFile(policy, []byte("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"), 0o600); err != nil {
		return err
	}
	s.env = &envtest.Environment{
		BinaryAssetsDirectory: binaries,
		CRDInstallOptions: envtest.CRDInstallOptions{
			Paths: []string{filepath.Join(gatekeeper, "charts", "gatekeeper", "crds", "provider-customresourcedefinition.yaml")}, ErrorIfPathMissing: true,
		},
	}
	s.env.ControlPlane.GetAPIServer().Configure().Append("audit-log-path", s.audit).Append("audit-policy-file", policy)
	if s.config, err = s.env.Start(); err != nil {
		return err
	}
	if s.admin, err = client.NewWithWatch(s.config, client.Options{}); err != nil {
		return err
	}
	return s.install(ctx, filepath.Join(root, "cmd", "cert-rotator", "README.md"), dir)
}

// modules are the folders of our module and of Gatekeeper's.
func modules(ctx context.Context) (root, gatekeeper string, err error) {
	command := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "gitlab.com/ska-telescope/notation-provider", "github.com/open-policy-agent/gatekeeper/v3")
	out, err := command.Output()
	if err != nil {
		return "", "", fmt.Errorf("finding the modules: %w", err)
	}
	root, gatekeeper, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return root, gatekeeper, nil
}
