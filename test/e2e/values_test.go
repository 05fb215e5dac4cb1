//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// A real API server takes what the chart renders of every example, and what it holds without helm, without a warning.
func TestExamplesPassServerSideDryRun(t *testing.T) {
	w := start(t)
	w.install(t)
	w.must(t, "kubectl apply --server-side -f crds")
	w.must(t, "kubectl wait --for=condition=Established --timeout=1m crd --all")
	// Objects that are there would be merged with, so they go into a namespace of their own.
	w.must(t, "kubectl create namespace examples")
	w.must(t, "kubectl create namespace notation-pki")
	t.Cleanup(func() { w.must(t, "kubectl delete namespace examples notation-pki --wait=false") })
	w.must(t, "kubectl label namespace examples pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted --overwrite")
	examples, err := filepath.Glob(filepath.Join(root, "charts/notation-provider/examples/*.yaml"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("%d examples, %v", len(examples), err)
	}
	for _, example := range examples {
		name := filepath.Base(example)
		t.Run(name, func(t *testing.T) {
			w.takes(t, "helm template notation-provider charts/notation-provider -n examples -f charts/notation-provider/examples/"+name+
				" | kubectl apply --server-side --force-conflicts --dry-run=server -n examples -f -")
		})
	}
	for _, manifests := range []string{"examples/crl", "examples/constraint", "manifests"} {
		t.Run(manifests, func(t *testing.T) {
			w.takes(t, "kubectl apply --server-side --force-conflicts --dry-run=server -f charts/notation-provider/"+manifests)
		})
	}
}

// takes runs a command that has to succeed without a warning.
func (w *world) takes(t *testing.T, command string) {
	t.Helper()
	out := w.must(t, command)
	if strings.Contains(out, "Warning") || strings.Contains(out, "would violate") {
		t.Errorf("%s\n%s", command, out)
	}
}
