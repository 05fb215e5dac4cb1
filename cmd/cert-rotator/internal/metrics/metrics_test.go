package metrics_test

import (
	"crypto/x509"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/metrics"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

func newMetrics(t *testing.T) (*metrics.Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := metrics.New("v1", registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func tells(t *testing.T, registry *prometheus.Registry, want string) {
	t.Helper()
	var names []string
	for line := range strings.Lines(want) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// A rotator that waits to lead tells nothing of what it does not know. No alert on a certificate
// that expires may go off for it.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	_, registry := newMetrics(t)
	tells(t, registry, `
# HELP notation_provider_rotator_build_info Always 1; the version is the label.
# TYPE notation_provider_rotator_build_info gauge
notation_provider_rotator_build_info{version="v1"} 1
# HELP notation_provider_rotator_failures_total What could not be done, by controller. It is tried again.
# TYPE notation_provider_rotator_failures_total counter
notation_provider_rotator_failures_total{controller="client-ca"} 0
notation_provider_rotator_failures_total{controller="serving"} 0
`)
	if n, err := testutil.GatherAndCount(registry); err != nil || n != 3 {
		t.Errorf("it tells %d series, %v", n, err)
	}
}

// What is known is told.
func TestWhatIsKnown(t *testing.T) {
	m, registry := newMetrics(t)
	now := time.Unix(1_900_000_000, 0)
	ca, err := authority.NewCA(now, 1000*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.Issue(now, 100*time.Second, []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	m.Serving(serving.State{Current: ca, Leaf: leaf, Old: []*x509.Certificate{ca.Cert}, Step: serving.Issued, Since: now}, replicas.Seen{With: 2, Without: 1})
	m.ClientCA([]*x509.Certificate{ca.Cert, leaf.Cert})
	m.FailOpen(map[string]bool{"validation.gatekeeper.sh": true, "check-ignore-label.gatekeeper.sh": false})
	m.Did("serving", "renew", nil)
	m.Did("serving", "wait", nil)
	tells(t, registry, `
# HELP notation_provider_rotator_actions_total What was done, by controller and action.
# TYPE notation_provider_rotator_actions_total counter
notation_provider_rotator_actions_total{action="renew",controller="serving"} 1
# HELP notation_provider_rotator_client_ca_expiry_timestamp_seconds End of the first of Gatekeeper's client CAs, as a Unix time.
# TYPE notation_provider_rotator_client_ca_expiry_timestamp_seconds gauge
notation_provider_rotator_client_ca_expiry_timestamp_seconds 1.9000001e+09
# HELP notation_provider_rotator_old_cas How many CAs replicas may still serve with, beside the current one.
# TYPE notation_provider_rotator_old_cas gauge
notation_provider_rotator_old_cas 1
# HELP notation_provider_rotator_replicas Replicas at the last look: with the current CA, without it, or silent. Looks are taken while the CA changes.
# TYPE notation_provider_rotator_replicas gauge
notation_provider_rotator_replicas{serve="silent"} 0
notation_provider_rotator_replicas{serve="with"} 2
notation_provider_rotator_replicas{serve="without"} 1
# HELP notation_provider_rotator_rotation_step 1 for the step at which a change of the serving CA is.
# TYPE notation_provider_rotator_rotation_step gauge
notation_provider_rotator_rotation_step{step="distributed"} 0
notation_provider_rotator_rotation_step{step="dropping"} 0
notation_provider_rotator_rotation_step{step="idle"} 0
notation_provider_rotator_rotation_step{step="issued"} 1
notation_provider_rotator_rotation_step{step="staged"} 0
# HELP notation_provider_rotator_rotation_step_start_timestamp_seconds Start of that step, as a Unix time.
# TYPE notation_provider_rotator_rotation_step_start_timestamp_seconds gauge
notation_provider_rotator_rotation_step_start_timestamp_seconds 1.9e+09
# HELP notation_provider_rotator_serving_ca_expiry_timestamp_seconds End of the CA of the serving certificate, as a Unix time.
# TYPE notation_provider_rotator_serving_ca_expiry_timestamp_seconds gauge
notation_provider_rotator_serving_ca_expiry_timestamp_seconds 1.900001e+09
# HELP notation_provider_rotator_serving_certificate_expiry_timestamp_seconds End of the serving certificate, as a Unix time.
# TYPE notation_provider_rotator_serving_certificate_expiry_timestamp_seconds gauge
notation_provider_rotator_serving_certificate_expiry_timestamp_seconds 1.9000001e+09
# HELP notation_provider_rotator_webhook_fails_open 1 if a webhook of Gatekeeper has a failurePolicy other than Fail: while Gatekeeper does not answer, everything is admitted.
# TYPE notation_provider_rotator_webhook_fails_open gauge
notation_provider_rotator_webhook_fails_open{webhook="check-ignore-label.gatekeeper.sh"} 0
notation_provider_rotator_webhook_fails_open{webhook="validation.gatekeeper.sh"} 1
`)
	recorded(t, registry)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint says %v, %v", problems, err)
	}
}

// A controller that fails is told, with why, until it succeeds.
func TestFailing(t *testing.T) {
	m, registry := newMetrics(t)
	if err := m.Failing(); err != nil {
		t.Error(err)
	}
	m.Did("client-ca", "read", errors.New("no"))
	m.Did("serving", "wait", nil)
	if err := m.Failing(); err == nil || err.Error() != "failing: client-ca: no" {
		t.Error(err)
	}
	tells(t, registry, `
# HELP notation_provider_rotator_failing 1 if the last try of a controller failed.
# TYPE notation_provider_rotator_failing gauge
notation_provider_rotator_failing{controller="client-ca"} 1
notation_provider_rotator_failing{controller="serving"} 0
# HELP notation_provider_rotator_failures_total What could not be done, by controller. It is tried again.
# TYPE notation_provider_rotator_failures_total counter
notation_provider_rotator_failures_total{controller="client-ca"} 1
notation_provider_rotator_failures_total{controller="serving"} 0
`)
	m.Did("client-ca", "keep", nil)
	if err := m.Failing(); err != nil {
		t.Error(err)
	}
}

// exposition is what the tests of alerts and dashboard take for a rotator's.
const exposition = "../../../../test/monitoring/testdata/rotator.prom"

var update = flag.Bool("update", false, "write "+exposition)

// recorded holds the exposition that other tests use to the real one.
func recorded(t *testing.T, registry *prometheus.Registry) {
	t.Helper()
	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if *update {
		if err := os.WriteFile(exposition, scrape.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(exposition); err != nil || string(have) != scrape.Body.String() {
		t.Errorf("%s is not what the rotator exposes (%v): run this test with -update", exposition, err)
	}
}
