package controllers_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/clientca"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
)

// follower is a ClientCA with an API server of its own.
type follower struct {
	testing.TB
	*api
	handle *handle
	now    time.Time
	it     *controllers.ClientCA
	failed error
	open   map[string]bool
}

func (f *follower) Did(_, _ string, err error) { f.failed = err }

func newFollower(t testing.TB) *follower {
	f := &follower{TB: t, api: &api{objects: map[string]client.Object{}}, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.handle = &handle{api: f.api}
	f.it = &controllers.ClientCA{
		Store: f.handle, ConfigMap: client.ObjectKey{Namespace: "ns", Name: "client-ca"}, Webhooks: "gatekeeper", Overlap: time.Minute,
		Now: func() time.Time { return f.now }, Log: slog.New(slog.DiscardHandler), Report: f, State: func([]*x509.Certificate) {},
		FailOpen: func(webhooks map[string]bool) { f.open = webhooks },
	}
	empty := &corev1.ConfigMap{}
	empty.Name, empty.Namespace = "client-ca", "ns"
	f.put(empty)
	return f
}

// webhooks are Gatekeeper's, with these caBundles.
func (f *follower) webhooks(bundles ...[]byte) {
	w := &admissionv1.ValidatingWebhookConfiguration{}
	w.Name = "gatekeeper"
	for _, b := range bundles {
		w.Webhooks = append(w.Webhooks, admissionv1.ValidatingWebhook{Name: "hook", ClientConfig: admissionv1.WebhookClientConfig{CABundle: b}})
	}
	f.put(w)
}

func (f *follower) reconcile() (time.Duration, error) {
	result, err := f.it.Reconcile(f.Context(), reconcile.Request{})
	return result.RequeueAfter, err
}

func (f *follower) held() string {
	return f.objects["configmap/client-ca"].(*corev1.ConfigMap).Data[clientca.Key]
}

func (f *follower) ca() []byte {
	pair, err := authority.NewCA(f.now, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	return pair.CertPEM
}

// The ConfigMap follows the webhooks; it is looked at again when a CA is to leave it.
func TestConfigMapFollowsTheWebhooks(t *testing.T) {
	f := newFollower(t)
	one, two := f.ca(), f.ca()
	f.webhooks(one, one)
	if wait, err := f.reconcile(); err != nil || wait != 10*time.Minute || f.held() != string(one) {
		t.Errorf("first: %q, again after %s, %v", f.held(), wait, err)
	}
	f.webhooks(two, two)
	if wait, err := f.reconcile(); err != nil || wait != time.Minute || f.held() != string(two)+string(one) {
		t.Errorf("changed: %q, again after %s, %v", f.held(), wait, err)
	}
	f.now = f.now.Add(time.Minute)
	before := f.version
	if wait, err := f.reconcile(); err != nil || wait != 10*time.Minute || f.held() != string(two) {
		t.Errorf("over: %q, again after %s, %v", f.held(), wait, err)
	}
	if _, err := f.reconcile(); err != nil || f.version != before+1 {
		t.Errorf("what is right is written again, or %v", err)
	}
}

// What cannot be taken changes nothing, and is told.
func TestConfigMapStaysAsItIs(t *testing.T) {
	f := newFollower(t)
	ca := f.ca()
	f.webhooks(ca)
	if _, err := f.reconcile(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		says    string
		bundles [][]byte
	}{
		{"no webhook has a caBundle", [][]byte{nil, nil}}, {"cannot be taken", [][]byte{ca, []byte("garbage")}},
	} {
		f.webhooks(tc.bundles...)
		if _, err := f.reconcile(); err == nil || f.failed == nil || !strings.Contains(err.Error(), tc.says) || f.held() != string(ca) {
			t.Errorf("%q: it holds %q, %v, told %v", tc.says, f.held(), err, f.failed)
		}
	}
	delete(f.objects, "webhooks/gatekeeper")
	if _, err := f.reconcile(); err == nil || f.held() != string(ca) {
		t.Errorf("without webhooks it holds %q, %v", f.held(), err)
	}
	f.webhooks(ca)
	delete(f.objects, "configmap/client-ca")
	if _, err := f.reconcile(); err == nil || !strings.Contains(err.Error(), "which the chart creates empty") {
		t.Error(err)
	}
}

// That another wrote first, or that the rotator is told to end, is no failure.
func TestWhatIsNoFailure(t *testing.T) {
	f := newFollower(t)
	f.webhooks(f.ca())
	f.handle.before = func(write bool) error {
		if write {
			f.put(f.objects["configmap/client-ca"])
		}
		return nil
	}
	if wait, err := f.reconcile(); err != nil || wait != time.Second || f.failed != nil {
		t.Errorf("a conflict: again after %s, %v, told %v", wait, err, f.failed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f.handle.before = func(bool) error { cancel(); return errors.New("cut off") }
	if _, err := f.it.Reconcile(ctx, reconcile.Request{}); err != nil || f.failed != nil {
		t.Errorf("told to end: %v, told %v", err, f.failed)
	}
}

// A webhook is said to fail open unless its failurePolicy is Fail, also while no CA can be read of it.
func TestWebhooksThatFailOpenAreTold(t *testing.T) {
	f := newFollower(t)
	fail, ignore := admissionv1.Fail, admissionv1.Ignore
	w := &admissionv1.ValidatingWebhookConfiguration{Webhooks: []admissionv1.ValidatingWebhook{
		{Name: "closed", FailurePolicy: &fail}, {Name: "open", FailurePolicy: &ignore}, {Name: "unknown"},
	}}
	w.Name = "gatekeeper"
	f.put(w)
	if _, err := f.reconcile(); err == nil {
		t.Error("webhooks without a CA are no error")
	}
	if want := map[string]bool{"closed": false, "open": true, "unknown": true}; !maps.Equal(f.open, want) {
		t.Errorf("told %v, want %v", f.open, want)
	}
}
