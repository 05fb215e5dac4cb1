//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// nightly is the pod of the chart's example, with the volumes of the server: the world's registry has its own CA.
func (w *world) nightly(ctx context.Context, t *testing.T) *corev1.Pod {
	t.Helper()
	var server appsv1.Deployment
	if err := w.Client().Get(ctx, client.ObjectKey{Namespace: namespace, Name: "notation-provider"}, &server); err != nil {
		t.Fatal(err)
	}
	spec := server.Spec.Template.Spec
	yes := true
	spec.ServiceAccountName, spec.AutomountServiceAccountToken, spec.RestartPolicy = "notation-provider-report", &yes, corev1.RestartPolicyNever
	main := spec.Containers[0]
	main.Command, main.Args = []string{"/notation-provider", "report", "--config=/etc/notation-provider/config/config.yaml", "--output=json", "--cluster"}, nil
	main.LivenessProbe, main.ReadinessProbe, main.StartupProbe, main.Lifecycle, main.Ports = nil, nil, nil, nil, nil
	spec.Containers = []corev1.Container{main}
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "nightly"}, Spec: spec}
}

// The nightly report of the chart's example lists the cluster by the rights that it is given, and finds what runs and which
// constraint decides.
func TestTheNightlyReportReadsTheCluster(t *testing.T) {
	w := start(t)
	w.install(t)
	w.must(t, "kubectl apply -f charts/notation-provider/examples/report/report.yaml")
	t.Cleanup(func() { w.must(t, "kubectl delete -f charts/notation-provider/examples/report/report.yaml") })
	pod := w.nightly(t.Context(), t)
	if err := w.Client().Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.must(t, "kubectl delete pod nightly --now -n "+namespace) })
	eventually(t, 2*time.Minute, func(ctx context.Context) (bool, string) {
		if err := w.Client().Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
			return false, err.Error()
		}
		return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded, fmt.Sprint(pod.Status)
	})
	said := w.Logs(namespace, "nightly")
	_, text, _ := strings.Cut(said, "{\n")
	var made struct {
		Images []struct {
			Image, Outcome string
			Namespaces     []string
		}
		Exceptions []struct{ From string }
		Notes      []string
	}
	if err := json.NewDecoder(strings.NewReader("{" + text)).Decode(&made); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	seen := map[string]bool{}
	for _, i := range made.Images {
		for _, name := range i.Namespaces {
			seen[name] = true
		}
	}
	if !seen[namespace] || !seen["gatekeeper-system"] || strings.Contains(strings.Join(made.Notes, " "), "signedimages") {
		t.Errorf("%s", said)
	}
}
