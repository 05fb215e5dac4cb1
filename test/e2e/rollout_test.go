//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// servers waits until all servers are there.
func (w *world) servers(t *testing.T) {
	t.Helper()
	w.must(t, "kubectl rollout status deployment/notation-provider -n "+namespace+" --timeout=2m")
}

// No answer is lost while all servers are replaced, one after the other.
func TestRollingUpdateLosesNoAnswer(t *testing.T) {
	w := start(t)
	w.install(t)
	l := w.underLoad(t)
	w.must(t, "kubectl rollout restart deployment/notation-provider -n "+namespace)
	w.servers(t)
	l.seen(t, 30)
	l.end(t)
}

// A node that is drained keeps one server until another is ready elsewhere.
func TestNodeDrainLosesNoAnswer(t *testing.T) {
	w := start(t)
	w.install(t)
	w.servers(t)
	node := w.must(t, "kubectl get pods -n "+namespace+" -l app.kubernetes.io/component=server -o jsonpath='{.items[0].spec.nodeName}'")
	l := w.underLoad(t)
	t.Cleanup(func() { w.must(t, "kubectl uncordon "+node) })
	w.must(t, "kubectl drain "+node+" --ignore-daemonsets --delete-emptydir-data --pod-selector=app.kubernetes.io/name=notation-provider --timeout=2m")
	w.servers(t)
	l.end(t)
	out := w.must(t, "kubectl get pods -n "+namespace+" -l app.kubernetes.io/component=server -o jsonpath='{.items[*].spec.nodeName}'")
	if strings.Contains(out, node) {
		t.Errorf("after the drain servers run on %s", out)
	}
}

// A server that is killed takes the requests with it that it was answering. Those are denied, and no other, once its
// address is no longer given out.
func TestKilledServerAdmitsNothing(t *testing.T) {
	w := start(t)
	w.install(t)
	w.servers(t)
	server := strings.TrimSpace(w.must(t, "kubectl get pods -n "+namespace+" -l app.kubernetes.io/component=server -o jsonpath='{.items[0].metadata.name}'"))
	l := w.underLoad(t)
	killed := time.Now()
	w.must(t, "kubectl delete pod "+server+" -n "+namespace+" --grace-period=0 --force")
	w.servers(t)
	l.seen(t, 30)
	l.end(t, func(a answer) bool { return a.at.Sub(killed).Abs() < 5*time.Second })
}
