// Package metrics counts and times requests for Prometheus. The other packages get its
// methods as plain functions and do not import it.
//
// No label holds an image name, a digest or the text of an error: users choose
// those, and could fill the memory with them. Hosts are labels only if the
// configuration names them.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

const namespace = "notation_provider"

// Metrics are all that the server tells.
type Metrics struct {
	registry *prometheus.Registry

	requests           *prometheus.CounterVec
	requestSeconds     *prometheus.HistogramVec
	verdicts           *prometheus.CounterVec
	undecided          *prometheus.CounterVec
	steps              *prometheus.HistogramVec
	cacheEvents        *prometheus.CounterVec
	registryRequests   *prometheus.CounterVec
	registrySeconds    *prometheus.HistogramVec
	reloads            *prometheus.CounterVec
	revocationRequests *prometheus.CounterVec
	handshakeFailures  *prometheus.CounterVec
	evidenceRequests   *prometheus.CounterVec

	// The counters that every answer from memory goes by, looked up once.
	verdict map[provider.Reason]prometheus.Counter
	cache   map[cacheEvent]prometheus.Counter
}

type cacheEvent struct{ memory, event string }

// New returns metrics with every series of a closed list present from the start,
// so that an alert on one works before it first happens. Memories and their events
// are such lists: Cache counts those and no others.
func New(version string, memories, events []string) *Metrics {
	m := &Metrics{
		verdict:            map[provider.Reason]prometheus.Counter{},
		cache:              map[cacheEvent]prometheus.Counter{},
		registry:           prometheus.NewRegistry(),
		requests:           counter("requests_total"),
		requestSeconds:     histogram("request_duration_seconds", answerBuckets()),
		verdicts:           counter("verdicts_total"),
		undecided:          counter("undecided_total"),
		steps:              histogram("step_duration_seconds", workBuckets()),
		cacheEvents:        counter("cache_events_total"),
		registryRequests:   counter("registry_requests_total"),
		registrySeconds:    histogram("registry_request_duration_seconds", workBuckets()),
		reloads:            counter("reloads_total"),
		revocationRequests: counter("revocation_requests_total"),
		handshakeFailures:  counter("tls_handshake_failures_total"),
		evidenceRequests:   counter("evidence_store_requests_total"),
	}
	m.registry.MustRegister(
		m.requests, m.requestSeconds, m.verdicts, m.undecided, m.steps, m.cacheEvents, m.registryRequests, m.registrySeconds, m.reloads, m.revocationRequests, m.handshakeFailures, m.evidenceRequests,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.sample([]string{"build_info"}, func(add func(string, float64, ...string)) { add("build_info", 1, version, runtime.Version()) })
	for _, reason := range provider.Reasons() {
		m.verdict[reason] = m.verdicts.WithLabelValues(string(reason))
	}
	for _, cause := range provider.Causes() {
		m.undecided.WithLabelValues(string(cause))
	}
	for _, memory := range memories {
		for _, event := range events {
			m.cache[cacheEvent{memory, event}] = m.cacheEvents.WithLabelValues(memory, event)
		}
	}
	return m
}

// answerBuckets are seconds: from an answer out of memory to the longest answerWithin.
func answerBuckets() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 1.8, 3, 5, 10, 30}
}

// workBuckets are seconds: from a registry in the same network to one that hangs.
func workBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}
}

// Handler serves them.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request notes an answered request.
func (m *Metrics) Request(path string, status int, took time.Duration) {
	m.requests.WithLabelValues(path, strconv.Itoa(status)).Inc()
	m.requestSeconds.WithLabelValues(path).Observe(took.Seconds())
}

// Finding notes what one image was answered.
func (m *Metrics) Finding(f provider.Finding) {
	if f.Err != nil {
		m.undecided.WithLabelValues(string(f.Err.Cause)).Inc()
		return
	}
	if counter, ok := m.verdict[f.Verdict.Reason]; ok {
		counter.Inc()
	}
}

// Step notes how long a step took.
func (m *Metrics) Step(step string, took time.Duration) {
	m.steps.WithLabelValues(step).Observe(took.Seconds())
}

// Cache notes what a memory did.
func (m *Metrics) Cache(memory, event string) {
	if counter, ok := m.cache[cacheEvent{memory, event}]; ok {
		counter.Inc()
	}
}

// RegistryRequest notes a request to a registry; status 0 had no answer.
func (m *Metrics) RegistryRequest(host string, status int, took time.Duration) {
	m.registryRequests.WithLabelValues(host, strconv.Itoa(status)).Inc()
	m.registrySeconds.WithLabelValues(host).Observe(took.Seconds())
}

// Reloads has the counters of each source and outcome begin at zero, so that the first one is seen.
func (m *Metrics) Reloads(sources, outcomes []string) {
	for _, source := range sources {
		for _, outcome := range outcomes {
			m.reloads.WithLabelValues(source, outcome)
		}
	}
}

// Reload notes that files were looked at again.
func (m *Metrics) Reload(source, outcome string) {
	m.reloads.WithLabelValues(source, outcome).Inc()
}

// LogDropped tells how many lines of the log could not be written.
func (m *Metrics) LogDropped(read func() uint64) {
	m.sample([]string{"log_records_dropped_total"}, func(add func(string, float64, ...string)) {
		add("log_records_dropped_total", float64(read()))
	})
}

// HandshakeFailures makes the series of every cause, and returns the function that counts one.
func (m *Metrics) HandshakeFailures(causes []string) (failed func(cause string)) {
	for _, cause := range causes {
		m.handshakeFailures.WithLabelValues(cause)
	}
	return func(cause string) { m.handshakeFailures.WithLabelValues(cause).Inc() }
}
