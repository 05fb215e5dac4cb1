//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
)

// chartReadme is where an administrator reads what to do.
const chartReadme = "charts/notation-provider/README.md"

// unsignedPod asks for an unsigned pod and keeps nothing.
const unsignedPod = "kubectl run unsigned --image=" + registryHost + "/unsigned:1 --dry-run=server"

// No answer is lost while the previous version of the chart gives way to this one, and on the way back.
func TestUpgradeAndRollbackLoseNoAnswer(t *testing.T) {
	w := start(t)
	w.install(t)
	previous := filepath.Join(w.dir, "previous")
	if err := os.CopyFS(previous, os.DirFS(filepath.Join(root, "charts/notation-provider"))); err != nil {
		t.Fatal(err)
	}
	image, err := chartImage()
	if err != nil {
		t.Fatal(err)
	}
	repository, version, _ := strings.Cut(image, ":")
	text, err := os.ReadFile(filepath.Join(previous, "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(previous, "Chart.yaml"), []byte(strings.ReplaceAll(string(text), version, "0.0.9")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.AddImage(repository+":0.0.9", filepath.Join(root, ".cache/image/notation-provider"))
	w.must(t, "helm upgrade notation-provider previous -n "+namespace+" --reset-then-reuse-values --wait")
	if out := w.must(t, "kubectl get deployment notation-provider -n "+namespace+" -o jsonpath='{.spec.template.spec.containers[0].image}'"); !strings.HasSuffix(out, ":0.0.9") {
		t.Fatalf("the previous version runs %s", out)
	}

	upgrade, _ := section(t, chartReadme, "## Upgrade")
	l := w.underLoad(t)
	for _, command := range append(upgrade, "helm rollback notation-provider -n "+namespace+" --wait", upgrade[0]) {
		w.must(t, command)
		w.servers(t)
	}
	l.end(t)
	if out := w.must(t, "kubectl get deployment notation-provider -n "+namespace+" -o jsonpath='{.spec.template.spec.containers[0].image}'"); out != image {
		t.Errorf("after the upgrade %s runs", out)
	}
}

// The commands for an emergency let in what was denied, leave a trace, and can be taken back.
func TestBreakGlassAndBack(t *testing.T) {
	w := start(t)
	w.install(t)
	commands, _ := section(t, chartReadme, "## Break the glass")
	if len(commands) != 5 {
		t.Fatalf("%d commands: %q", len(commands), commands)
	}
	toWarn, toIgnore, violations, back := commands[0], commands[1], commands[2], strings.Join(commands[3:], "\n")

	w.must(t, toWarn)
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, unsignedPod)
		return err == nil && strings.Contains(out, "Warning:"), out
	})
	w.must(t, strings.TrimSuffix(unsignedPod, " --dry-run=server"))
	eventually(t, 2*time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, violations)
		return err == nil && strings.Contains(out, "warn Pod default/unsigned"), out
	})
	w.must(t, "kubectl delete pod unsigned --now")

	w.must(t, toIgnore)
	w.must(t, "kubectl scale deployment gatekeeper-controller-manager -n "+cluster.GatekeeperNamespace+" --replicas=0")
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, unsignedPod)
		return err == nil && !strings.Contains(out, "Warning:"), out
	})
	w.must(t, "kubectl scale deployment gatekeeper-controller-manager -n "+cluster.GatekeeperNamespace+" --replicas=3")
	w.must(t, "kubectl rollout status deployment/gatekeeper-controller-manager -n "+cluster.GatekeeperNamespace+" --timeout=2m")

	w.must(t, back)
	w.enforced(t)
	w.must(t, w.upgrade("")) // nothing is left that stops it
	audit, err := os.ReadFile(w.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"signedimages", "validatingwebhookconfigurations"} {
		if !patched(string(audit), resource) {
			t.Errorf("the audit log does not tell who patched %s", resource)
		}
	}
}

// patched tells whether the API server's audit log has a patch of a resource with the user's name.
func patched(audit, resource string) bool {
	for line := range strings.Lines(audit) {
		if strings.Contains(line, `"verb":"patch"`) && strings.Contains(line, `"resource":"`+resource+`"`) && strings.Contains(line, `"username":"`) && strings.Contains(line, "kubectl") {
			return true
		}
	}
	return false
}

// One command takes everything out again, and leaves nothing that denies or waits for us.
func TestLeave(t *testing.T) {
	w := start(t)
	w.install(t)
	leave, _ := section(t, chartReadme, "## Leave")
	if len(leave) != 1 {
		t.Fatalf("%d commands: %q", len(leave), leave)
	}
	w.must(t, leave[0])
	w.installed = false
	w.must(t, unsignedPod)
	w.must(t, "kubectl delete namespace "+namespace+" --timeout=1m")
	kinds := w.must(t, "kubectl api-resources --verbs=list -o name | paste -sd,")
	for _, name := range []string{namespace, "signedimages", "pinnedimages"} {
		if out, err := w.shell(t.Context(), "kubectl get "+strings.TrimSpace(kinds)+" -A -o name --ignore-not-found | grep "+name); err == nil {
			t.Errorf("what is left of %s:\n%s", name, out)
		}
	}
	w.install(t) // and it can be installed again
}
