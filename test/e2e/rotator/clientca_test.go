//go:build e2e

package rotator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// inject writes the caBundle of both webhooks, as Gatekeeper does.
func inject(t testing.TB, bundle []byte) {
	t.Helper()
	w := &admissionv1.ValidatingWebhookConfiguration{}
	if err := cluster.admin.Get(t.Context(), client.ObjectKey{Name: webhooks}, w); err != nil {
		t.Fatal(err)
	}
	for i := range w.Webhooks {
		w.Webhooks[i].ClientConfig.CABundle = bundle
	}
	if err := cluster.admin.Update(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

// holds waits until the ConfigMap holds these CAs.
func holds(t testing.TB, what string, want ...[]byte) {
	t.Helper()
	expect.Eventually(t, what, func() error {
		m := &corev1.ConfigMap{}
		if err := cluster.admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: configMap}, m); err != nil {
			return err
		}
		var all string
		for _, one := range want {
			all += string(one)
		}
		if m.Data["ca.crt"] != all {
			return fmt.Errorf("it holds %d certificates, want %d", strings.Count(m.Data["ca.crt"], "BEGIN"), len(want))
		}
		return nil
	})
}

// failing waits until the rotator says why it does not take a CA, and that nothing is lost.
func (p *process) failing(says string) {
	p.Helper()
	expect.Eventually(p.TB, says, func() error {
		status, body, err := p.get("/readyz")
		if err != nil || status != 503 || !strings.Contains(body, says) {
			return fmt.Errorf("%d %s %w", status, body, err)
		}
		return nil
	})
	if _, metrics, err := p.get("/metrics"); err != nil || !strings.Contains(metrics, `notation_provider_rotator_failing{controller="client-ca"} 1`) {
		p.Errorf("the metrics do not tell that it fails: %v", err)
	}
}

// The ConfigMap follows Gatekeeper's CA, with an overlap; what is no CA changes nothing.
func TestClientCA(t *testing.T) {
	p := start(t, "--leader-elect=false", "--client-ca-config-map", configMap)
	p.failing("no webhook has a caBundle")
	one, two := newCA("one", time.Now().Add(time.Hour)), newCA("two", time.Now().Add(time.Hour))
	inject(t, one)
	holds(t, "the first CA", one)
	inject(t, two)
	holds(t, "both, while replicas of Gatekeeper have the old certificate", two, one)
	holds(t, "the second CA", two)
	inject(t, nil)
	p.failing("no webhook has a caBundle")
	holds(t, "still the second CA", two)
	inject(t, append([]byte("garbage\n"), one[:100]...))
	p.failing("cannot be taken")
	holds(t, "still the second CA", two)
	inject(t, two)
	expect.Within(t, "ready again", 40*time.Second, func() error {
		if status, body, err := p.get("/readyz"); err != nil || status != 200 {
			return fmt.Errorf("%d %s %w", status, body, err)
		}
		return nil
	})
	p.stop()
}
