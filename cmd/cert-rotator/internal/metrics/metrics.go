// Package metrics counts what the rotator does, and tells how the certificates stand. What
// is not known, as in a replica that waits to lead, is left out.
package metrics

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

const namespace = "notation_provider_rotator"

// Controllers are the names of the controllers, for labels.
func Controllers() []string { return []string{"serving", "client-ca"} }

// Metrics are all that the rotator tells.
type Metrics struct {
	actions, failures *prometheus.CounterVec
	descriptions      descriptions

	mu       sync.Mutex
	failing  map[string]error
	state    *serving.State
	seen     replicas.Seen
	clientCA []*x509.Certificate
	failOpen map[string]bool
}

type descriptions struct {
	failing, leaf, ca, clientCA, step, since, old, replicas, failOpen *prometheus.Desc
}

// New registers the metrics.
func New(version string, with prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		failing: map[string]error{},
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "actions_total",
			Help: "What was done, by controller and action."}, []string{"controller", "action"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "failures_total",
			Help: "What could not be done, by controller. It is tried again."}, []string{"controller"}),
		descriptions: descriptions{
			failing:  describe("failing", "1 if the last try of a controller failed.", "controller"),
			leaf:     describe("serving_certificate_expiry_timestamp_seconds", "End of the serving certificate, as a Unix time."),
			ca:       describe("serving_ca_expiry_timestamp_seconds", "End of the CA of the serving certificate, as a Unix time."),
			clientCA: describe("client_ca_expiry_timestamp_seconds", "End of the first of Gatekeeper's client CAs, as a Unix time."),
			failOpen: describe("webhook_fails_open", "1 if a webhook of Gatekeeper has a failurePolicy other than Fail: while Gatekeeper does not answer, everything is admitted.", "webhook"),
			step:     describe("rotation_step", "1 for the step at which a change of the serving CA is.", "step"),
			since:    describe("rotation_step_start_timestamp_seconds", "Start of that step, as a Unix time."),
			old:      describe("old_cas", "How many CAs replicas may still serve with, beside the current one."),
			replicas: describe("replicas", "Replicas at the last look: with the current CA, without it, or silent. Looks are taken while the CA changes.", "serve"),
		},
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; the version is the label.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	for _, name := range Controllers() {
		m.failures.WithLabelValues(name)
	}
	for _, c := range []prometheus.Collector{m.actions, m.failures, info, m} {
		if err := with.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

// Did implements the controllers' report.
func (m *Metrics) Did(controller, action string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing[controller] = err
	switch {
	case err != nil:
		m.failures.WithLabelValues(controller).Inc()
	case action != "wait":
		m.actions.WithLabelValues(controller, action).Inc()
	}
}

// Serving notes how the serving certificate stands.
func (m *Metrics) Serving(state serving.State, seen replicas.Seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.seen = &state, seen
}

// ClientCA notes the CAs of Gatekeeper's webhooks.
func (m *Metrics) ClientCA(wanted []*x509.Certificate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clientCA = wanted
}

// FailOpen notes which of Gatekeeper's webhooks have a failurePolicy other than Fail.
func (m *Metrics) FailOpen(webhooks map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failOpen = webhooks
}

// Failing is an error that says which controllers fail, or nil.
func (m *Metrics) Failing() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for _, name := range Controllers() {
		if err := m.failing[name]; err != nil {
			lines = append(lines, fmt.Sprintf("%s: %v", name, err))
		}
	}
	if lines == nil {
		return nil
	}
	return fmt.Errorf("failing: %s", strings.Join(lines, "; "))
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	d := m.descriptions
	for _, one := range []*prometheus.Desc{d.failing, d.leaf, d.ca, d.clientCA, d.step, d.since, d.old, d.replicas, d.failOpen} {
		to <- one
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for name, err := range m.failing {
		gauge(m.descriptions.failing, one(err != nil), name)
	}
	for name, open := range m.failOpen {
		gauge(m.descriptions.failOpen, one(open), strings.ToValidUTF8(name, "?"))
	}
	if len(m.clientCA) > 0 {
		first := slices.MinFunc(m.clientCA, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
		gauge(m.descriptions.clientCA, unix(first.NotAfter))
	}
	if m.state != nil {
		m.collectServing(gauge)
	}
}

func (m *Metrics) collectServing(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	d := m.descriptions
	for desc, pair := range map[*prometheus.Desc]authority.Pair{d.leaf: m.state.Leaf, d.ca: m.state.Current} {
		if !pair.None() {
			gauge(desc, unix(pair.Cert.NotAfter))
		}
	}
	for _, s := range serving.Steps() {
		gauge(d.step, one(s == m.state.Step), string(s))
	}
	gauge(d.since, unix(m.state.Since))
	gauge(d.old, float64(len(m.state.Old)))
	gauge(d.replicas, float64(m.seen.With), "with")
	gauge(d.replicas, float64(m.seen.Without), "without")
	gauge(d.replicas, float64(m.seen.Silent), "silent")
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func unix(t time.Time) float64 { return float64(t.Unix()) }
