//go:build e2e

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const ownerTemplate = `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needsowner}
spec:
  crd: {spec: {names: {kind: NeedsOwner}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package needsowner
      violation[{"msg": msg}] {
        not input.review.object.metadata.labels.owner
        msg := "say who owns it"
      }
`

const ownerConstraint = `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NeedsOwner
metadata: {name: owner}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}], namespaces: [judged]}
`

// Gatekeeper, as its own chart installs it, comes up and denies what a constraint forbids, and nothing else.
func TestGatekeeperDenies(t *testing.T) {
	begun := time.Now()
	if err := shared.InstallGatekeeper(t.Context(), "replicas: 2\nauditInterval: 5"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := shared.Helm(ctx, "uninstall", "gatekeeper", "--namespace", "gatekeeper-system", "--wait"); err != nil {
			t.Error(err)
		}
	})
	t.Logf("installed after %.1f s", time.Since(begun).Seconds())
	apply(t, "judged", ownerTemplate)
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := shared.Apply(ctx, ownerConstraint)
		return err
	})
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		_, err := shared.Kubectl(ctx, "create", "-n", "judged", "configmap", "anonymous", "--dry-run=server")
		if err == nil {
			return errors.New("it was let in")
		}
		if !strings.Contains(err.Error(), "say who owns it") {
			return fmt.Errorf("refused for another reason: %w", err)
		}
		return nil
	})
	t.Logf("enforced after %.1f s", time.Since(begun).Seconds())
	for range 10 { // both replicas
		if _, err := shared.Kubectl(t.Context(), "create", "-n", "judged", "configmap", "anonymous"); err == nil {
			t.Fatal("it was let in")
		}
	}
	kubectl(t, "create", "-n", "default", "configmap", "elsewhere")
	if _, err := shared.Apply(t.Context(), `{apiVersion: v1, kind: ConfigMap, metadata: {name: owned, namespace: judged, labels: {owner: jane}}}`); err != nil {
		t.Error(err)
	}
	if out := kubectl(t, "get", "-n", "gatekeeper-system", "pods", "-o=wide"); strings.Count(out, "1/1") != 3 {
		t.Errorf("not all pods are ready:\n%s", out)
	} else {
		t.Log("\n" + out)
	}
}
