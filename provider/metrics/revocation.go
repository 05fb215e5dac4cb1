package metrics

import (
	"strings"
	"time"
)

// RevocationEndpoint is a place that certificate authorities name for OCSP or for a revocation list.
type RevocationEndpoint struct {
	// Kind is ocsp or crl.
	Kind, URL string
	Failing   bool
	// ThisUpdate and NextUpdate are between which times its last answer is valid; zero is left out.
	ThisUpdate, NextUpdate time.Time
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
	const failing, this, next = "revocation_endpoint_failing", "revocation_this_update_timestamp_seconds", "revocation_next_update_timestamp_seconds"
	m.sample([]string{failing, this, next}, func(add func(string, float64, ...string)) {
		seen := map[[2]string]bool{}
		for _, e := range read() {
			key := [2]string{e.Kind, strings.ToValidUTF8(e.URL, "?")}
			if seen[key] { // two URLs that differ in bytes that cannot be a label
				continue
			}
			seen[key] = true
			add(failing, truth(e.Failing), key[:]...)
			if !e.ThisUpdate.IsZero() {
				add(this, float64(e.ThisUpdate.Unix()), key[:]...)
			}
			if !e.NextUpdate.IsZero() {
				add(next, float64(e.NextUpdate.Unix()), key[:]...)
			}
		}
	})
}
