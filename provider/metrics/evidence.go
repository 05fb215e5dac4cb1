package metrics

// EvidenceRequests makes the series of every operation and outcome, and returns the function that counts a request.
func (m *Metrics) EvidenceRequests(operations, outcomes []string) (ended func(operation, outcome string)) {
	for _, operation := range operations {
		for _, outcome := range outcomes {
			m.evidenceRequests.WithLabelValues(operation, outcome)
		}
	}
	return func(operation, outcome string) { m.evidenceRequests.WithLabelValues(operation, outcome).Inc() }
}

// EvidenceCircuits tells which operations get probes only.
func (m *Metrics) EvidenceCircuits(read func() map[string]bool) {
	m.sample([]string{"evidence_store_circuit_open"}, func(add func(string, float64, ...string)) {
		for operation, open := range read() {
			add("evidence_store_circuit_open", truth(open), operation)
		}
	})
}
