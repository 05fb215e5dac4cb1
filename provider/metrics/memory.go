package metrics

import "time"

// Load is how a resource is used, and its limit.
type Load struct{ Used, Limit int }

// Limiter tells how many checks have a place at the limiter, and how many wait for one.
func (m *Metrics) Limiter(read func() (running, waiting Load)) {
	m.sample([]string{"checks_in_flight", "checks_in_flight_limit", "checks_waiting", "checks_waiting_limit"}, func(add func(string, float64, ...string)) {
		running, waiting := read()
		add("checks_in_flight", float64(running.Used))
		add("checks_in_flight_limit", float64(running.Limit))
		add("checks_waiting", float64(waiting.Used))
		add("checks_waiting_limit", float64(waiting.Limit))
	})
}

// Memory is how full a cache is.
type Memory struct {
	Name string
	// Good and Refused are the numbers of entries, and Limit bounds each of them.
	Good, Refused, Limit int
}

// Memories tells how full the caches are.
func (m *Metrics) Memories(read func() []Memory) {
	m.sample([]string{"cache_entries", "cache_entries_limit"}, func(add func(string, float64, ...string)) {
		for _, memory := range read() {
			add("cache_entries", float64(memory.Good), memory.Name, "good")
			add("cache_entries", float64(memory.Refused), memory.Name, "refused")
			add("cache_entries_limit", float64(memory.Limit), memory.Name)
		}
	})
}

// Evidence tells how many signatures the evidence of this process has, and how many bytes of how many.
func (m *Metrics) Evidence(read func() (entries int, bytes, limit int64)) {
	m.sample([]string{"evidence_entries", "evidence_bytes", "evidence_limit_bytes"}, func(add func(string, float64, ...string)) {
		entries, bytes, limit := read()
		add("evidence_entries", float64(entries))
		add("evidence_bytes", float64(bytes))
		add("evidence_limit_bytes", float64(limit))
	})
}

// day is the unit of lapses_within.
const day = 24 * time.Hour

// VerifiedImages tells how many images are verified, and how many of them lapse within 7, 30 and 90 days. Count returns how
// many lapse within each of the times, and how many there are.
func (m *Metrics) VerifiedImages(count func(within ...time.Duration) (lapsing []int, all int)) {
	m.sample([]string{"verified_images"}, func(add func(string, float64, ...string)) {
		lapsing, all := count(7*day, 30*day, 90*day)
		for i, label := range []string{"7d", "30d", "90d"} {
			add("verified_images", float64(lapsing[i]), label)
		}
		add("verified_images", float64(all), "any")
	})
}

// AnswerWithin tells the time limits of answers, by path.
func (m *Metrics) AnswerWithin(read func() map[string]time.Duration) {
	m.sample([]string{"answer_within_seconds"}, func(add func(string, float64, ...string)) {
		for path, within := range read() {
			add("answer_within_seconds", within.Seconds(), path)
		}
	})
}

// Circuits tells which registries get probes only, by configured host.
func (m *Metrics) Circuits(read func() map[string]bool) {
	m.sample([]string{"registry_circuit_open"}, func(add func(string, float64, ...string)) {
		for host, open := range read() {
			add("registry_circuit_open", truth(open), host)
		}
	})
}
