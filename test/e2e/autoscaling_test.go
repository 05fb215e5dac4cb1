//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// busy asks for pods with images of which nothing is known, until the test ends: each costs a server a question to the registry.
func (w *world) busy(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	var number atomic.Int64
	for range 2 {
		asking.Go(func() {
			for ctx.Err() == nil {
				pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "busy-", Namespace: "default"}}
				for i := range 30 {
					image := fmt.Sprintf("%s/lost:%d", registryHost, number.Add(1))
					pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: fmt.Sprint("c", i), Image: image})
				}
				_ = w.Client().Create(ctx, pod, client.DryRunAll) // it is denied
			}
		})
	}
	stop = func() { cancel(); asking.Wait() }
	t.Cleanup(stop)
	return stop
}

// shown is a field of an object in the namespace.
func (w *world) shown(ctx context.Context, object, field string) string {
	out, err := w.shell(ctx, "kubectl get "+object+" -n "+namespace+" -o jsonpath='{"+field+"}'")
	if err != nil {
		return err.Error() + out
	}
	return out
}

// Servers that have much to do get one more beside them, by the real autoscaler and by what they use of the CPU. Turning it on
// takes no server away, and an upgrade none that it added.
func TestAutoscalerAddsServersUnderLoad(t *testing.T) {
	const deployment, hpa = "deployment/notation-provider", "hpa/notation-provider"
	w := start(t)
	w.install(t)
	w.servers(t)
	t.Cleanup(func() {
		w.must(t, "kubectl delete "+hpa+" -n "+namespace+" --ignore-not-found") // else it may scale once more after helm has
		w.must(t, w.upgrade("--set autoscaling.enabled=false,resources.requests.cpu=100m --force-conflicts"))
		w.servers(t)
	})
	w.must(t, w.upgrade("--set autoscaling.enabled=true,autoscaling.maxReplicas=3,autoscaling.targetCPUUtilizationPercentage=20,resources.requests.cpu=50m"))
	w.servers(t)
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		use := w.shown(ctx, hpa, ".status.currentMetrics[0].resource.current.averageUtilization")
		return use != "", "no metrics: " + w.shown(ctx, hpa, ".status.conditions[*].message")
	})
	if messages := w.shown(t.Context(), "events", ".items[*].message"); strings.Contains(messages, "below Spec.MinReplicas") {
		t.Errorf("turning the autoscaler on took servers away: %s", messages)
	}

	stop := w.busy(t)
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		return w.shown(ctx, deployment, ".spec.replicas") == "3", w.shown(ctx, hpa, ".status")
	})
	stop()
	w.servers(t)
	w.must(t, w.upgrade(""))
	if number := w.shown(t.Context(), deployment, ".spec.replicas"); number != "3" {
		t.Errorf("an upgrade made %s of three servers", number)
	}
}
