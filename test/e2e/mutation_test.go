//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// pinned installs the mutators, and waits until they are in force.
func (w *world) pinned(t *testing.T) {
	t.Helper()
	w.must(t, w.upgrade("--set mutation.create=true"))
	t.Cleanup(func() { w.must(t, w.upgrade("--set mutation.create=false")) })
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl run pinned --image="+registryHost+"/signed:1 --dry-run=server -o jsonpath='{.spec.containers[0].image}'")
		return err == nil && strings.Contains(out, "@sha256:"), out
	})
}

// upgrade is the command that changes values of the release and keeps the others.
func (w *world) upgrade(flags string) string {
	return "helm upgrade notation-provider charts/notation-provider -n " + namespace + " --reset-then-reuse-values --wait " + flags
}

// A tag becomes a digest when an object is created, in pods and in what makes them.
func TestTagIsPinnedOnCreate(t *testing.T) {
	w := start(t)
	w.install(t)
	w.pinned(t)
	image, err := w.Apply(t.Context(), deployment("pinned", registryHost+"/signed:1"), "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.must(t, "kubectl delete deployment pinned") })
	if !strings.HasPrefix(image, registryHost+"/signed:1@sha256:") {
		t.Errorf("the Deployment was created with %q", image)
	}

	// An update with the tag alone is not pinned: it would roll the Deployment out again, without a change.
	image, err = w.Apply(t.Context(), deployment("pinned", registryHost+"/signed:1"), "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if err != nil {
		t.Fatal(err)
	}
	if image != registryHost+"/signed:1" {
		t.Errorf("the Deployment was updated to %q", image)
	}
	// The pods of its next roll-out are pinned when they are created.
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		out, err := w.shell(ctx, "kubectl get pods -l app=pinned -o jsonpath='{.items[*].spec.containers[0].image}'")
		images := strings.Fields(out)
		for _, image := range images {
			if !strings.Contains(image, "@sha256:") {
				return false, out
			}
		}
		return err == nil && len(images) > 0, out
	})
}

// What cannot be resolved is refused, and does not go in with its tag.
func TestUnresolvableTagIsRefused(t *testing.T) {
	w := start(t)
	w.install(t)
	w.pinned(t)
	out := w.refused(t, fmt.Sprintf("kubectl run lost --image=%s/not-there:1 --dry-run=server", registryHost))
	if !strings.Contains(out, "not-found") && !strings.Contains(out, "not found") {
		t.Error(out)
	}
}
