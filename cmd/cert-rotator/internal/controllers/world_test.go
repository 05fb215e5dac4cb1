package controllers_test

import (
	"context"
	"crypto/x509"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// rules have short lives, so that a test sees several.
func rules() serving.Rules {
	return serving.Rules{
		Names: []string{"notation-provider.notation-provider.svc"}, CAValidity: 3000 * time.Second, LeafValidity: 900 * time.Second,
		Settle: 10 * time.Second, SettleAtMost: 60 * time.Second, ServingAtLeast: 30 * time.Second, LookInterval: 3 * time.Second,
	}
}

// replica is a replica of the server: it takes up the Secret every so many seconds.
type replica struct {
	every  int
	serves *x509.Certificate
	silent bool // does not answer the rotator, and serves Gatekeeper nevertheless
}

// gatekeeper is a replica of Gatekeeper: it takes up the Providers every so many seconds.
type gatekeeper struct {
	every   int
	reports bool
	trusts  map[string]string // Provider → caBundle, as in the object
	version map[string]int64  // Provider → its generation
}

// world is a cluster with a clock that the test moves.
type world struct {
	testing.TB
	*api
	start, now  time.Time
	replicas    []*replica
	gatekeepers []*gatekeeper

	rotator *controllers.Serving
	handle  *handle
	wake    time.Time // when the rotator looks again
	dead    time.Time // when another begins, if the rotator was killed
	lenient bool      // somebody interferes: nothing is held against the rotator
	checked map[string]error
	what    string // the case, for messages

	past []past
}

// past is a certificate that was in the Secret until some time ago.
type past struct {
	cert  *x509.Certificate
	until time.Time
}

// stale is how long a node may hold a Secret that has changed. A replica that starts there serves
// with that, and no look has seen it yet.
const stale = 25 * time.Second

type reports struct{}

func (reports) Did(string, string, error) {}

// install is a world in which the chart was installed just now, and the rotator not yet started.
func install(t testing.TB, what string) *world {
	t.Helper()
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := &world{TB: t, api: &api{objects: map[string]client.Object{}}, start: start, now: start, checked: map[string]error{}, what: what}
	secret := &corev1.Secret{}
	secret.Name, secret.Namespace = "tls", "ns"
	w.put(secret)
	for _, name := range []string{"check", "mutate"} {
		w.put(newProvider(name, ""))
	}
	w.replicas = []*replica{{every: 5}, {every: 29}}
	w.gatekeepers = []*gatekeeper{{every: 1}, {every: 9}}
	w.wrote = func() { w.check(); w.wake = w.now }
	w.replaced = func(secret *corev1.Secret) {
		ca, _ := authority.Read(secret.Data[serving.CAKey], secret.Data[serving.CAKeyKey])
		pair, err := authority.Read(secret.Data[serving.CertKey], secret.Data[serving.KeyKey])
		if err == nil && !ca.None() && pair.Cert.CheckSignatureFrom(ca.Cert) == nil { // else it is not the rotator's
			w.past = append(w.past, past{pair.Cert, w.now})
		}
	}
	w.begin()
	return w
}

func newProvider(name, bundle string) *unstructured.Unstructured {
	p := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"url": "https://x", "caBundle": bundle}}}
	p.SetGroupVersionKind(controllers.ProviderKind())
	p.SetName(name)
	return p
}

// begin starts a rotator that remembers nothing.
func (w *world) begin() {
	w.handle = &handle{api: w.api}
	w.rotator = w.newRotator(w.handle)
	w.wake, w.dead = w.now, time.Time{}
}

func (w *world) newRotator(store controllers.Store) *controllers.Serving {
	return &controllers.Serving{
		Store: store, Secret: client.ObjectKey{Namespace: "ns", Name: "tls"}, Providers: []string{"check", "mutate"}, Rules: rules(),
		Look: w.look, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler),
		Report: reports{}, State: func(serving.State, replicas.Seen) {},
	}
}

func (w *world) look(_ context.Context, now time.Time, ca *x509.Certificate) replicas.Seen {
	var seen replicas.Seen
	for _, r := range w.replicas {
		switch {
		case r.silent || r.serves == nil:
			seen.Silent++
		case authority.Chains([]*x509.Certificate{r.serves}, now, ca) != nil:
			seen.Without++
		default:
			seen.With++
		}
	}
	return seen
}

// second lets one second pass.
func (w *world) second() {
	w.now = w.now.Add(time.Second)
	w.takeUp(int(w.now.Sub(w.start) / time.Second))
	w.check()
	if !w.dead.IsZero() && !w.now.Before(w.dead) {
		w.begin()
	}
	if w.dead.IsZero() && !w.now.Before(w.wake) {
		w.reconcile()
	}
}

func (w *world) reconcile() {
	result, err := w.rotator.Reconcile(w.Context(), reconcile.Request{})
	if err != nil {
		result.RequeueAfter = time.Second
	}
	w.wake = w.now.Add(max(result.RequeueAfter, time.Millisecond))
}

// takeUp has replicas read the Secret and Gatekeeper the Providers, whose turn it is.
func (w *world) takeUp(second int) {
	for i, r := range w.replicas {
		if (second+i)%r.every != 0 {
			continue
		}
		data := w.objects["secret/tls"].(*corev1.Secret).Data
		if pair, err := authority.Read(data[serving.CertKey], data[serving.KeyKey]); err == nil {
			r.serves = pair.Cert
		}
	}
	for i, g := range w.gatekeepers {
		if (second+i)%g.every == 0 {
			w.watch(g, i)
		}
	}
}

func (w *world) watch(g *gatekeeper, number int) {
	g.trusts, g.version = map[string]string{}, map[string]int64{}
	for _, p := range w.providers() {
		bundle, _, _ := unstructured.NestedString(p.Object, "spec", "caBundle")
		g.trusts[p.GetName()], g.version[p.GetName()] = bundle, p.GetGeneration()
	}
	if g.reports {
		for _, p := range w.providers() {
			by, _, _ := unstructured.NestedSlice(p.Object, "status", "byPod")
			for len(by) <= number {
				by = append(by, map[string]any{})
			}
			by[number] = map[string]any{"observedGeneration": g.version[p.GetName()]}
			_ = unstructured.SetNestedSlice(p.Object, by, "status", "byPod")
		}
	}
}

func (w *world) step() serving.Step {
	return serving.Step(w.objects["secret/tls"].GetAnnotations()[serving.StepAnnotation])
}
