package metrics

import "github.com/prometheus/client_golang/prometheus"

// Connections is how many connections a listener has.
type Connections struct {
	// Listener is gatekeeper or admin.
	Listener string
	// Handshaking have made no request yet, Open have made one.
	Handshaking, Open int
	// Closed is how many were closed so far to make room for others.
	Closed uint64
}

// Connections tells how the listeners stand whenever it is asked.
func (m *Metrics) Connections(read func() []Connections) {
	m.registry.MustRegister(connections{
		read: read,
		now: prometheus.NewDesc(namespace+"_connections",
			"Connections now, by listener and whether they have made a request: handshake, open.", []string{"listener", "state"}, nil),
		closed: prometheus.NewDesc(namespace+"_connections_closed_total",
			"Connections that were closed to make room for others, by listener.", []string{"listener"}, nil),
	})
}

type connections struct {
	read        func() []Connections
	now, closed *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c connections) Describe(to chan<- *prometheus.Desc) { to <- c.now; to <- c.closed }

// Collect implements prometheus.Collector.
func (c connections) Collect(to chan<- prometheus.Metric) {
	for _, l := range c.read() {
		to <- prometheus.MustNewConstMetric(c.now, prometheus.GaugeValue, float64(l.Handshaking), l.Listener, "handshake")
		to <- prometheus.MustNewConstMetric(c.now, prometheus.GaugeValue, float64(l.Open), l.Listener, "open")
		to <- prometheus.MustNewConstMetric(c.closed, prometheus.CounterValue, float64(l.Closed), l.Listener)
	}
}
