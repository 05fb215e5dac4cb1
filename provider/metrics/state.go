package metrics

import (
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate is one whose end is worth an alert.
type Certificate struct {
	// Use is trust, serving or client-ca.
	Use string
	// Store is the trust store's name, "" for others.
	Store string
	// File is the name of its file in the trust store, "" for others. It is no label:
	// subjects tell certificates apart in an alert.
	File string
	// Subject is the distinguished name.
	Subject  string
	NotAfter time.Time
}

// Source is a set of files and whether the version in force is the newest.
type Source struct {
	Name    string
	Failing bool
}

// State tells what is in force whenever it is asked for, so that it cannot go stale.
func (m *Metrics) State(certificates func() []Certificate, sources func() []Source) {
	m.registry.MustRegister(state{
		certificates: certificates,
		sources:      sources,
		expiry: prometheus.NewDesc(namespace+"_certificate_expiry_timestamp_seconds",
			"When a certificate in force ends, in seconds since the epoch.", []string{"use", "store", "subject", "nth"}, nil),
		failing: prometheus.NewDesc(namespace+"_reload_failing",
			"1 while the newest version of a source's files is broken and an older one is in force.", []string{"source"}, nil),
	})
}

type state struct {
	certificates    func() []Certificate
	sources         func() []Source
	expiry, failing *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (s state) Describe(to chan<- *prometheus.Desc) { to <- s.expiry; to <- s.failing }

// Collect implements prometheus.Collector. Two certificates may have one subject,
// as they do while a CA is rotated: nth tells them apart.
func (s state) Collect(to chan<- prometheus.Metric) {
	seen := map[[3]string]int{}
	for _, c := range s.certificates() {
		subject := strings.ToValidUTF8(c.Subject, "?")
		key := [3]string{c.Use, c.Store, subject}
		seen[key]++
		to <- prometheus.MustNewConstMetric(s.expiry, prometheus.GaugeValue, float64(c.NotAfter.Unix()), c.Use, c.Store, subject, strconv.Itoa(seen[key]))
	}
	for _, source := range s.sources() {
		value := 0.0
		if source.Failing {
			value = 1
		}
		to <- prometheus.MustNewConstMetric(s.failing, prometheus.GaugeValue, value, source.Name)
	}
}
