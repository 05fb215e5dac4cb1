//go:build e2e

package rotator_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

const prefix = "cert-rotator.notation-provider/"

// idle waits until nothing is under way, and all hold what the Secret says.
func idle(t testing.TB, r *replica) {
	t.Helper()
	expect.Within(t, "all is well", 60*time.Second, func() error {
		secret, err := getSecret(t.Context())
		if err != nil {
			return err
		}
		if step := secret.Annotations[prefix+"step"]; step != "idle" || secret.Annotations[prefix+"rotate"] != "" {
			return fmt.Errorf("the step is %q", step)
		}
		for _, name := range providerNames() {
			if have, err := bundle(t.Context(), name); err != nil || !bytes.Equal(have, secret.Data["ca.crt"]) {
				return fmt.Errorf("Provider %q holds %d bytes, %w", name, len(have), err)
			}
		}
		return r.trusted(t.Context())
	})
}

// edit changes the Secret as somebody with kubectl would.
func edit(t testing.TB, change func(*corev1.Secret)) {
	t.Helper()
	secret, err := getSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := secret.DeepCopy()
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	change(secret)
	if err := cluster.admin.Patch(t.Context(), secret, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

func rotate(t testing.TB) {
	t.Helper()
	edit(t, func(s *corev1.Secret) { s.Annotations[prefix+"rotate"] = "ca" })
}

// at waits until the Secret says that a step has begun.
func at(t testing.TB, step string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	watch, err := cluster.admin.Watch(ctx, &corev1.SecretList{}, client.InNamespace(namespace), client.MatchingFields{"metadata.name": tlsSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	for event := range watch.ResultChan() {
		if secret, ok := event.Object.(*corev1.Secret); ok && secret.Annotations[prefix+"step"] == step {
			return
		}
	}
	t.Fatalf("the step %q did not come", step)
}

func ca(t testing.TB) string {
	t.Helper()
	secret, err := getSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(secret.Data["ca.crt"])
}

// The rotator makes what the server needs out of what the chart makes; SIGTERM ends it, and
// a second rotator takes over.
func TestInstallationAndTakeover(t *testing.T) {
	r := newReplica(t)
	first := start(t, servingCertificate(r)...)
	idle(t, r)
	expect.Within(t, "ready", 5*time.Second, func() error {
		status, body, err := first.get("/readyz")
		if err != nil || status != 200 {
			return fmt.Errorf("%d %s %w", status, body, err)
		}
		return nil
	})
	_, metrics, err := first.get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`notation_provider_rotator_rotation_step{step="idle"} 1`, "notation_provider_rotator_serving_certificate_expiry_timestamp_seconds 1.", "notation_provider_rotator_serving_ca_expiry_timestamp_seconds 1.",
		`notation_provider_rotator_build_info{version="`, `leader_election_master_status{name="notation-provider-cert-rotator"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	second := start(t, servingCertificate(r)...)
	before := ca(t)
	first.stop()
	rotate(t)
	expect.Eventually(t, "the second acts", func() error {
		if ca(t) == before {
			return fmt.Errorf("the CA is still the same")
		}
		return nil
	})
	idle(t, r)
	second.stop()
}

// While the CA changes the replica is always trusted, also when the rotator is killed at
// any step.
func TestKilledAtEveryStep(t *testing.T) {
	r := newReplica(t)
	start(t, append(servingCertificate(r), "--leader-elect=false")...).stopWhenIdle(r)
	defer r.watched(t)()
	for _, step := range []string{"none", "staged", "distributed", "issued", "dropping"} {
		p := start(t, append(servingCertificate(r), "--leader-elect=false")...)
		before := ca(t)
		rotate(t)
		if step != "none" {
			at(t, step)
			p.kill()
			p = start(t, append(servingCertificate(r), "--leader-elect=false")...)
		}
		idle(t, r)
		if ca(t) == before {
			t.Errorf("killed at %q: the CA is still the same", step)
		}
		p.stop()
	}
}

func (p *process) stopWhenIdle(r *replica) {
	p.Helper()
	idle(p.TB, r)
	p.stop()
}

// What somebody damages is repaired, and the replica is trusted meanwhile.
func TestRepairs(t *testing.T) {
	r := newReplica(t)
	p := start(t, append(servingCertificate(r), "--leader-elect=false")...)
	idle(t, r)
	defer r.watched(t)()
	for _, tc := range []struct {
		name   string
		change func(*corev1.Secret)
	}{
		{"the CA's key is damaged", func(s *corev1.Secret) { s.Data["ca.key"] = []byte("damaged") }},
		{"the Secret is emptied", func(s *corev1.Secret) { s.Data = nil; s.Annotations = nil }},
	} {
		before := ca(t)
		edit(t, tc.change)
		expect.Eventually(t, tc.name, func() error {
			if now := ca(t); now == before || now == "" {
				return fmt.Errorf("there is no other CA")
			}
			return nil
		})
		idle(t, r)
	}
	p.stop()
}

// A caBundle that is written by others, and a Provider that is made again, are put right.
func TestProviders(t *testing.T) {
	r := newReplica(t)
	p := start(t, append(servingCertificate(r), "--leader-elect=false")...)
	idle(t, r)
	provider := newProvider(providerNames()[0])
	if err := cluster.admin.Get(t.Context(), client.ObjectKeyFromObject(provider), provider); err != nil {
		t.Fatal(err)
	}
	provider.Object["spec"] = newProvider("").Object["spec"]
	if err := cluster.admin.Update(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	idle(t, r)
	if err := cluster.admin.Delete(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	if err := cluster.admin.Create(t.Context(), newProvider(provider.GetName())); err != nil {
		t.Fatal(err)
	}
	idle(t, r)
	p.stop()
}
