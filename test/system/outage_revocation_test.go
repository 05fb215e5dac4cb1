package system

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// The host of a revocation list goes down. Images stay verified by the last list, and log, readiness and metrics say so
// from the first failure on, not only when the list lapses or the server restarts.
func TestARevocationListThatIsGoneIsSeen(t *testing.T) {
	w := rig.ForTest(t)
	pki := w.NewPKI(rig.PKIOptions{CRL: true})
	r := w.Registry(rig.RegistryOptions{})
	image := signed(t, w, r, rig.Signature{By: pki.Signer}, "production/app", 1)[0].Pinned()
	trusted := w.Trust("*")
	trusted.Add("ca:revocable", pki.Root.Cert)
	p := startProcess(t, w, rig.ProviderOptions{Trust: trusted, Registries: []*rig.Registry{r}, Edit: func(c *config.Config) {
		c.Cache.Verified = config.Duration(time.Second)
	}})
	verified := func() error {
		answer := p.validate(t, image)
		if _, ok := good(answer, image); !ok {
			return fmt.Errorf("%+v", answer)
		}
		return nil
	}
	rig.Eventually(t, "the image is verified", verified)
	url := pki.Signer.Cert.CRLDistributionPoints[0]
	series := func(name string) string {
		return fmt.Sprintf(`notation_provider_revocation_%s{kind="crl",url=%q}`, name, url)
	}
	end := p.metric(t, series("next_update_timestamp_seconds"))
	if left := time.Until(time.Unix(int64(end), 0)); left < time.Hour || p.metric(t, series("endpoint_failing")) != 0 {
		t.Errorf("at first: %s left, failing %d", left, p.metric(t, series("endpoint_failing")))
	}

	lift := w.Endpoints.Inject(rig.Match{}, rig.Status(http.StatusBadGateway, nil))
	rig.Eventually(t, "the list is reported as failing", func() error {
		if err := verified(); err != nil {
			t.Fatalf("while the list is gone: %v", err)
		}
		status, body, err := p.Admin(t.Context(), "/readyz")
		if err != nil || status != http.StatusOK || !strings.Contains(body, "note: revocation: crl endpoint "+url) || !strings.Contains(body, "502") {
			return fmt.Errorf("%d %s: %w", status, body, err)
		}
		if p.metric(t, series("endpoint_failing")) != 1 {
			return errors.New("the metric says that it works")
		}
		return nil
	})
	if now := p.metric(t, series("next_update_timestamp_seconds")); now != end {
		t.Errorf("the list that is in force ended at %d, and ends at %d now", end, now)
	}
	lift()
	rig.Eventually(t, "the list works again", func() error {
		if err := verified(); err != nil {
			return err
		}
		if p.metric(t, series("endpoint_failing")) != 0 {
			return errors.New("the metric says that it fails")
		}
		return nil
	})
	for _, tc := range []struct {
		text string
		most int
	}{{"revocation endpoint failing", 2}, {"revocation endpoint works again", 2}} { // one for each list of the chain
		if n := strings.Count(p.Log(), tc.text); n < 1 || n > tc.most {
			t.Errorf("%q is logged %d times", tc.text, n)
		}
	}
}

// The signer and the intermediate of a verified image have their ends in the metrics, as roots have.
func TestSignersSeenHaveTheirEndInTheMetrics(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := signed(t, w, r, rig.Signature{}, "production/app", 1)[0].Pinned()
	p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}})
	rig.Until(t, "the image is verified", func() bool { _, ok := good(p.validate(t, image), image); return ok })
	for _, tc := range []struct {
		use string
		c   *x509.Certificate
	}{{"signer", w.SKAO.Signer.Cert}, {"intermediate", w.SKAO.Intermediate.Cert}} {
		series := fmt.Sprintf(`notation_provider_certificate_expiry_timestamp_seconds{nth="1",store="",subject=%q,use=%q}`, tc.c.Subject.String(), tc.use)
		if got := p.metric(t, series); int64(got) != tc.c.NotAfter.Unix() {
			t.Errorf("%s ends at %d, want %d", tc.use, got, tc.c.NotAfter.Unix())
		}
	}
}

// Failed handshakes are counted by cause: after a wrong change of Gatekeeper's CA that is the first sign.
func TestHandshakeFailuresAreCounted(t *testing.T) {
	w := rig.ForTest(t)
	p := startProcess(t, w, rig.ProviderOptions{})
	for range 3 {
		response, err := http.Get("http://" + strings.TrimPrefix(p.URL, "https://") + "/validate") // answered 400 in plain text
		if err == nil {
			response.Body.Close()
		}
	}
	rig.Until(t, "three handshakes are counted", func() bool {
		return p.metric(t, `notation_provider_tls_handshake_failures_total{cause="not-tls"}`) == 3
	})
	if n := p.metric(t, `notation_provider_tls_handshake_failures_total{cause="other"}`); n != 0 {
		t.Errorf("%d of another cause", n)
	}
}
