package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RevocationEndpoint is a place that certificate authorities name for OCSP or for a revocation list.
type RevocationEndpoint struct {
	// Kind is ocsp or crl.
	Kind, URL string
	Failing   bool
	// NextUpdate is until when its last answer holds; zero is left out.
	NextUpdate time.Time
}

// RevocationRequests makes the series of every kind and outcome, and returns the function that counts a request.
func (m *Metrics) RevocationRequests(kinds, outcomes []string) (ended func(kind, outcome string)) {
	for _, kind := range kinds {
		for _, outcome := range outcomes {
			m.revocationRequests.WithLabelValues(kind, outcome)
		}
	}
	return func(kind, outcome string) { m.revocationRequests.WithLabelValues(kind, outcome).Inc() }
}

// RevocationEndpoints tells how the endpoints stand whenever it is asked.
func (m *Metrics) RevocationEndpoints(read func() []RevocationEndpoint) {
	m.registry.MustRegister(revocationEndpoints{
		read: read,
		nextUpdate: prometheus.NewDesc(namespace+"_revocation_next_update_timestamp_seconds",
			"Until when the last good answer of an OCSP responder or CRL is valid, in seconds since the epoch.", []string{"kind", "url"}, nil),
		failing: prometheus.NewDesc(namespace+"_revocation_endpoint_failing",
			"1 while an OCSP responder or the host of a CRL gives no good answer.", []string{"kind", "url"}, nil),
	})
}

type revocationEndpoints struct {
	read                func() []RevocationEndpoint
	nextUpdate, failing *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c revocationEndpoints) Describe(to chan<- *prometheus.Desc) {
	to <- c.nextUpdate
	to <- c.failing
}

// Collect implements prometheus.Collector.
func (c revocationEndpoints) Collect(to chan<- prometheus.Metric) {
	seen := map[[2]string]bool{}
	for _, e := range c.read() {
		key := [2]string{e.Kind, strings.ToValidUTF8(e.URL, "?")}
		if seen[key] { // two URLs that differ in bytes that cannot be a label
			continue
		}
		seen[key] = true
		failing := 0.0
		if e.Failing {
			failing = 1
		}
		to <- prometheus.MustNewConstMetric(c.failing, prometheus.GaugeValue, failing, key[0], key[1])
		if !e.NextUpdate.IsZero() {
			to <- prometheus.MustNewConstMetric(c.nextUpdate, prometheus.GaugeValue, float64(e.NextUpdate.Unix()), key[0], key[1])
		}
	}
}
