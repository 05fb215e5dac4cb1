package metrics

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
	m.sample([]string{"connections", "connections_closed_total"}, func(add func(string, float64, ...string)) {
		for _, l := range read() {
			add("connections", float64(l.Handshaking), l.Listener, "handshake")
			add("connections", float64(l.Open), l.Listener, "open")
			add("connections_closed_total", float64(l.Closed), l.Listener)
		}
	})
}
