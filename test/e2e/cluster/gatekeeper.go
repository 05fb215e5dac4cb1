//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// GatekeeperNamespace is where [Cluster.InstallGatekeeper] installs it: the chart's own advice.
const GatekeeperNamespace = "gatekeeper-system"

// hooksOff switches off the chart's jobs, whose images (kubectl, curl) are not here. The CRDs come from the chart's crds
// folder anyway; InstallGatekeeper sets the labels and asks the webhook itself.
const hooksOff = `
upgradeCRDs: {enabled: false}
postInstall: {labelNamespace: {enabled: false}, probeWebhook: {enabled: false}}
postUpgrade: {labelNamespace: {enabled: false}}
preUninstall: {deleteWebhookConfigurations: {enabled: false}}
`

// gatekeeperNamespace has the labels that the chart's job sets: Gatekeeper does not judge its own namespace, and the pods
// there are held to the restricted pod security standard.
const gatekeeperNamespace = `
apiVersion: v1
kind: Namespace
metadata:
  name: ` + GatekeeperNamespace + `
  labels:
    admission.gatekeeper.sh/ignore: no-self-managing
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/warn: restricted
    pod-security.kubernetes.io/audit: restricted
`

// InstallGatekeeper installs Gatekeeper from its own chart, with helm and the values (YAML, may be "") over those of the
// chart. It waits until all of its pods are ready and its webhook answers the API server. The release is "gatekeeper".
func (c *Cluster) InstallGatekeeper(ctx context.Context, values string) error {
	if c.options.Gatekeeper == "" {
		return errors.New("no .cache/bin/gatekeeper-v* in the module: make e2e builds it")
	}
	if err := c.addGatekeeperImage(); err != nil {
		return fmt.Errorf("the image of Gatekeeper: %w", err)
	}
	if _, err := c.Apply(ctx, gatekeeperNamespace); err != nil {
		return err
	}
	args := []string{"install", "gatekeeper", filepath.Join(c.options.Gatekeeper, "chart"), "--namespace", GatekeeperNamespace, "--wait", "--timeout", "3m"}
	for name, text := range map[string]string{"gatekeeper-values.yaml": values, "gatekeeper-hooks.yaml": hooksOff} {
		file := filepath.Join(c.dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		args = append(args, "--values", file)
	}
	if _, err := c.Helm(ctx, args...); err != nil {
		return fmt.Errorf("%w\n%s", err, c.Logs(GatekeeperNamespace, "gatekeeper*"))
	}
	c.say("the pods of Gatekeeper are ready")
	if err := c.waitForWebhook(ctx); err != nil {
		return err
	}
	c.say("the webhook of Gatekeeper answers")
	return nil
}

// waitForWebhook makes a namespace as a dry run until it is let in: the webhook that looks at namespaces is one that must
// answer (failurePolicy: Fail).
func (c *Cluster) waitForWebhook(ctx context.Context) error {
	for {
		_, err := c.Kubectl(ctx, "create", "namespace", "webhook-probe", "--dry-run=server")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the webhook of Gatekeeper does not answer: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// addGatekeeperImage makes a root file system that holds nothing but /manager, under the name that the chart says.
func (c *Cluster) addGatekeeperImage() error {
	data, err := os.ReadFile(filepath.Join(c.options.Gatekeeper, "chart", "values.yaml"))
	if err != nil {
		return err
	}
	var chart struct {
		Image struct{ Repository, Release string }
	}
	if err := yaml.Unmarshal(data, &chart); err != nil {
		return err
	}
	root := filepath.Join(c.dir, "gatekeeper-root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(c.options.Gatekeeper, "manager"), filepath.Join(root, "manager")); err != nil {
		return err
	}
	c.AddImage(strings.TrimSuffix(chart.Image.Repository+":"+chart.Image.Release, ":"), root)
	return nil
}

// copyFile links where both are on one file system. The copy is for all to run.
func copyFile(from, to string) error {
	_ = os.Remove(to)
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
