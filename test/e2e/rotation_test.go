//go:build e2e

package e2e

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	secret     = "notation-provider-tls"
	annotation = "cert-rotator.notation-provider/"

	// What a change of a file takes to count: until it is in the volume here, and until the server looks (reload).
	volumeDelay = 2 * time.Second
	reload      = 11 * time.Second
)

// quickRotator has the rotator wait for seconds where it waits for minutes, which is how long volumes take to change here.
func (w *world) quickRotator(t *testing.T, more ...string) {
	t.Helper()
	w.install(t)
	args := append([]string{"--settle=2s", "--serving-at-least=4s", "--look-interval=1s", "--client-ca-overlap=15s"}, more...)
	w.must(t, w.upgrade("--set 'tls.rotator.extraArgs={"+strings.Join(args, ",")+"}'"))
	t.Cleanup(func() { w.must(t, w.upgrade("--set tls.rotator.extraArgs=null")) })
	w.must(t, "kubectl rollout status deployment/notation-provider-cert-rotator -n "+namespace+" --timeout=1m")
}

// stored is a value of the rotator's Secret.
func (w *world) stored(ctx context.Context, key string) string {
	out, err := w.shell(ctx, fmt.Sprintf("kubectl get secret %s -n %s -o jsonpath='{.data.%s}'", secret, namespace, strings.ReplaceAll(key, ".", `\.`)))
	if err != nil {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(out))
	if err != nil {
		return ""
	}
	return string(text)
}

// step is where the rotator is in a change of its CA.
func (w *world) step(ctx context.Context) string {
	out, err := w.shell(ctx, fmt.Sprintf("kubectl get secret %s -n %s -o jsonpath='{.metadata.annotations.%sstep}'", secret, namespace, strings.ReplaceAll(annotation, ".", `\.`)))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(out)
}

// trusted are the CAs in a Provider.
func (w *world) trusted(ctx context.Context, provider string) []*x509.Certificate {
	out, err := w.shell(ctx, "kubectl get provider.externaldata.gatekeeper.sh "+provider+" -o jsonpath='{.spec.caBundle}'")
	if err != nil {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(out))
	if err != nil {
		return nil
	}
	return certificates(string(text))
}

// certificates are those in a PEM text, as far as they can be read.
func certificates(text string) (found []*x509.Certificate) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, certificate)
		}
	}
}

// changeCA asks for another serving CA.
func (w *world) changeCA(t *testing.T) {
	t.Helper()
	w.must(t, fmt.Sprintf("kubectl annotate secret %s -n %s %srotate=ca --overwrite", secret, namespace, annotation))
}

// changed waits until the CA is another than before, and the old one is gone from the Providers.
func (w *world) changed(t *testing.T, before string) {
	t.Helper()
	eventually(t, 2*time.Minute, func(ctx context.Context) (bool, string) {
		after, step := w.stored(ctx, "ca.crt"), w.step(ctx)
		return step == "idle" && after != "" && after != before && len(w.trusted(ctx, "notation-provider")) == 1 && len(w.trusted(ctx, "notation-provider-mutate")) == 1,
			"step " + step
	})
	now := certificates(w.stored(t.Context(), "ca.crt"))
	for _, provider := range []string{"notation-provider", "notation-provider-mutate"} {
		if got := w.trusted(t.Context(), provider); len(now) != 1 || !got[0].Equal(now[0]) {
			t.Errorf("%s trusts %v", provider, got)
		}
	}
}

// The rotator fills what the chart makes empty, without a hand.
func TestFirstInstallHasCertificates(t *testing.T) {
	w := start(t)
	w.install(t)
	leaf, ca := certificates(w.stored(t.Context(), "tls.crt")), w.trusted(t.Context(), "notation-provider")
	if len(leaf) == 0 || len(ca) != 1 {
		t.Fatalf("%d certificates, %d CAs", len(leaf), len(ca))
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca[0])
	if _, err := leaf[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: "notation-provider." + namespace + ".svc"}); err != nil {
		t.Error(err)
	}
}

// No answer is lost while the serving CA changes, although all servers are replaced in its midst.
func TestServingCAChangeLosesNoAnswer(t *testing.T) {
	w := start(t)
	w.quickRotator(t)
	before := w.stored(t.Context(), "ca.crt")
	l := w.underLoad(t)
	w.changeCA(t)
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		step := w.step(ctx)
		return step == "issued", step
	})
	w.must(t, "kubectl rollout restart deployment/notation-provider -n "+namespace)
	w.servers(t)
	w.changed(t, before)
	w.must(t, "kubectl rollout restart deployment/notation-provider -n "+namespace) // with new connections, the new CA alone counts
	w.servers(t)
	l.end(t)
}

// A rotator that is killed in a step goes on where it was.
func TestRotatorKilledAtEachStep(t *testing.T) {
	w := start(t)
	w.quickRotator(t)
	l := w.underLoad(t)
	for _, step := range []string{"staged", "distributed", "issued", "dropping"} {
		before := w.stored(t.Context(), "ca.crt")
		w.changeCA(t)
		seen := ""
		eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
			seen = w.step(ctx)
			return seen == step || seen == "idle" && w.stored(ctx, "ca.crt") != before, seen // the last steps are short
		})
		w.must(t, "kubectl delete pod -n "+namespace+" -l app.kubernetes.io/component=cert-rotator --grace-period=0 --force")
		t.Logf("killed in step %s", seen)
		w.changed(t, before)
	}
	l.end(t)
}

// The revision before does not hold the CA of its time: helm takes nothing of the new one back, and is not refused.
func TestRollbackAcrossCAChangeKeepsTheCA(t *testing.T) {
	w := start(t)
	w.quickRotator(t)
	w.must(t, w.upgrade("--set podAnnotations.revision=next"))
	before := w.stored(t.Context(), "ca.crt")
	l := w.underLoad(t)
	w.changeCA(t)
	w.changed(t, before)
	w.must(t, "helm rollback notation-provider -n "+namespace+" --wait")
	w.servers(t)
	l.seen(t, 30)
	l.end(t)
	now := certificates(w.stored(t.Context(), "ca.crt"))
	if got := w.trusted(t.Context(), "notation-provider"); len(now) != 1 || len(got) != 1 || !got[0].Equal(now[0]) {
		t.Errorf("after the rollback the Provider trusts %v, and the CA is %v", got, now)
	}
}

// A certificate of the same CA takes the place of one that ends soon.
func TestServingCertificateIsRenewed(t *testing.T) {
	w := start(t)
	w.quickRotator(t, "--certificate-validity=1m30s")
	before := w.stored(t.Context(), "ca.crt")
	w.changeCA(t) // the certificate of the new CA is a short one
	w.changed(t, before)
	ca, short := w.stored(t.Context(), "ca.crt"), w.stored(t.Context(), "tls.crt")
	l := w.underLoad(t)
	eventually(t, 3*time.Minute, func(ctx context.Context) (bool, string) {
		after := w.stored(ctx, "tls.crt")
		return after != "" && after != short, "the same certificate"
	})
	w.must(t, "kubectl rollout restart deployment/notation-provider -n "+namespace)
	w.servers(t)
	l.end(t)
	if w.stored(t.Context(), "ca.crt") != ca {
		t.Error("the CA changed too")
	}
}

// Gatekeeper makes another CA for itself. Until its own pods have the new certificate the API server cannot call it. And until
// our pods have the new CA, which its pods use from the same moment on, we refuse it. Two kubelets bring the two, and none
// waits for the other: so answers are lost for as long as volumes take, and none is wrong. After that all is as before.
func TestGatekeeperCAChangeAdmitsNothing(t *testing.T) {
	w := start(t)
	w.quickRotator(t)
	known := func(ctx context.Context) []*x509.Certificate {
		out, err := w.shell(ctx, "kubectl get configmap notation-provider-client-ca -n "+namespace+` -o jsonpath='{.data.ca\.crt}'`)
		if err != nil {
			return nil
		}
		return certificates(out)
	}
	before := known(t.Context())
	if len(before) != 1 {
		t.Fatalf("%d client CAs", len(before))
	}
	l := w.underLoad(t)
	w.must(t, `kubectl patch secret gatekeeper-webhook-server-cert -n gatekeeper-system --type=json -p '[{"op":"remove","path":"/data"}]'`)
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		now := known(ctx)
		return len(now) == 2, fmt.Sprintf("%d client CAs", len(now))
	})
	delivered := time.Now().Add(volumeDelay + reload)
	eventually(t, 2*time.Minute, func(ctx context.Context) (bool, string) {
		now := known(ctx)
		return len(now) == 1 && !now[0].Equal(before[0]), fmt.Sprintf("%d client CAs", len(now))
	})
	w.enforced(t)
	l.end(t, func(a answer) bool {
		return strings.Contains(a.what, "failed calling webhook") && strings.Contains(a.what, "x509") ||
			strings.Contains(a.what, "unavailable") && a.at.Before(delivered)
	})
}
