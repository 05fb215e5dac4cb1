package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is what Prometheus calls the kind of a metric.
type Type string

// The types in use.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Description is what a metric is called, and what it tells.
type Description struct {
	// Name begins with "notation_provider_".
	Name string
	Type Type
	// Labels are in the order in which values are given to them.
	Labels []string
	Help   string
}

// Descriptions returns those of every metric of the server, in the order in which the README has them. Those of
// the Go runtime and of the process come from Prometheus' library and are left out.
func Descriptions() []Description {
	all := slices.Concat(answered(), remembered(), asked(), inForce(), process())
	for i := range all {
		all[i].Name = namespace + "_" + all[i].Name
	}
	return all
}

func describe(name string, kind Type, help string, labels ...string) Description {
	return Description{Name: name, Type: kind, Labels: labels, Help: help}
}

// answered are the metrics of Gatekeeper's requests.
func answered() []Description {
	return []Description{
		describe("requests_total", Counter, "Requests answered, by path and status.", "path", "status"),
		describe("request_duration_seconds", Histogram, "Time to answer a request, by path.", "path"),
		describe("answer_within_seconds", Gauge, "Time limit of an answer by the configuration, by path.", "path"),
		describe("verdicts_total", Counter, "Images that were verified or refused, by reason.", "reason"),
		describe("undecided_total", Counter, "Images that are neither verified nor refused, by cause.", "cause"),
	}
}

// remembered are the metrics of caches and evidence.
func remembered() []Description {
	return []Description{
		describe("cache_events_total", Counter, "Lookups and evictions of a cache: hit, miss, join (it waited for the check of another request), eviction.", "memory", "event"),
		describe("cache_entries", Gauge, "Entries of a cache, by whether the answer is good or a refusal.", "memory", "kind"),
		describe("cache_entries_limit", Gauge, "Limit of the entries of a cache, for each kind.", "memory"),
		describe("evidence_entries", Gauge, "Signatures in the evidence of this process."),
		describe("evidence_bytes", Gauge, "Size of the evidence of this process."),
		describe("evidence_limit_bytes", Gauge, "Limit of the size of the evidence of this process."),
		describe("evidence_store_requests_total", Counter, "Reads and writes of evidence outside this process, by outcome: done, missing, timeout, error, skipped (the circuit was open, or too many writes waited).", "operation", "outcome"),
		describe("evidence_store_circuit_open", Gauge, "1 while the evidence outside this process fails and gets probes only, by operation.", "operation"),
		describe("verified_images", Gauge,
			"Images that this replica verified in the last 24 hours and whose signature or certificates end within that time; any: all of them. What a CA renews by itself, such as a CRL, is left out.", "lapses_within"),
	}
}

// asked are the metrics of checks, registries and CAs.
func asked() []Description {
	return []Description{
		describe("step_duration_seconds", Histogram, "Time of a step that asked others: tags (resolve a tag), verdicts (verify a digest).", "step"),
		describe("checks_in_flight", Gauge, "Checks that have a place at the limiter, and ask the network."),
		describe("checks_in_flight_limit", Gauge, "Places of the limiter."),
		describe("checks_waiting", Gauge, "Checks that wait for a place at the limiter."),
		describe("checks_waiting_limit", Gauge, "Checks that may wait for a place at the limiter."),
		describe("registry_requests_total", Counter, "Requests to registries, by configured host and status; status 0 had no answer.", "host", "status"),
		describe("registry_request_duration_seconds", Histogram, "Time of a request to a registry, by configured host.", "host"),
		describe("registry_circuit_open", Gauge, "1 while a registry fails and gets probes only, by configured host.", "host"),
		describe("revocation_requests_total", Counter, "Requests to OCSP responders and for CRLs, by kind and outcome.", "kind", "outcome"),
		describe("revocation_endpoint_failing", Gauge, "1 while an OCSP responder or the host of a CRL gives no good answer.", "kind", "url"),
		describe("revocation_this_update_timestamp_seconds", Gauge, "Start of the validity of the last good answer of an OCSP responder or CRL, as a Unix time.", "kind", "url"),
		describe("revocation_next_update_timestamp_seconds", Gauge, "End of the validity of the last good answer of an OCSP responder or CRL, as a Unix time.", "kind", "url"),
	}
}

// inForce are the metrics of files and certificates.
func inForce() []Description {
	return []Description{
		describe("certificate_expiry_timestamp_seconds", Gauge,
			"End of a certificate in force, or of one that signed a lately verified image, as a Unix time. Use is serving, client-ca, trust, signer or intermediate; nth tells those with one subject apart.",
			"use", "store", "subject", "nth"),
		describe("certificate_start_timestamp_seconds", Gauge, "Start of the validity of the same certificates, as a Unix time.", "use", "store", "subject", "nth"),
		describe("config_hash", Gauge, "First 48 bits of a SHA-256 of what is in force, by source. Replicas with the same files have the same number.", "source"),
		describe("config_last_reload_success_timestamp_seconds", Gauge, "Time at which the files in force were taken over, as a Unix time, by source.", "source"),
		describe("reload_failing", Gauge, "1 while the newest version of a source's files is broken and an older one is in force.", "source"),
		describe("reloads_total", Counter, "Looks at the files of a source, by outcome.", "source", "outcome"),
	}
}

// process are the metrics of the process and its listeners.
func process() []Description {
	return []Description{
		describe("build_info", Gauge, "Always 1; the labels are the versions of the server and of Go.", "version", "goversion"),
		describe("connections", Gauge, "Open connections, by listener and whether they have made a request: handshake, open.", "listener", "state"),
		describe("connections_closed_total", Counter, "Connections that were closed to make room for others, by listener.", "listener"),
		describe("tls_handshake_failures_total", Counter, "TLS handshakes that failed at the mutual TLS listener, by cause.", "cause"),
		describe("log_records_dropped_total", Counter, "Lines of the log that were dropped, because standard error was not read in time."),
	}
}

// described is the description of the metric of that name, without the namespace. It panics where there is none:
// every test makes all metrics.
func described(name string) Description {
	for _, d := range Descriptions() {
		if d.Name == namespace+"_"+name {
			return d
		}
	}
	panic("metrics: " + name + " is not in the table")
}

func desc(name string) *prometheus.Desc {
	d := described(name)
	return prometheus.NewDesc(d.Name, d.Help, d.Labels, nil)
}

func counter(name string) *prometheus.CounterVec {
	d := described(name)
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.Name, Help: d.Help}, d.Labels)
}

func histogram(name string, buckets []float64) *prometheus.HistogramVec {
	d := described(name)
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: buckets}, d.Labels)
}

// sampled is a collector of metrics whose values are read when they are asked for.
type sampled struct {
	descriptions map[string]*prometheus.Desc
	types        map[string]prometheus.ValueType
	read         func(add func(name string, value float64, labels ...string))
}

// sample registers metrics of these names, whose values read adds at each scrape. A label that is not UTF-8 is made so.
func (m *Metrics) sample(names []string, read func(add func(name string, value float64, labels ...string))) {
	s := sampled{descriptions: map[string]*prometheus.Desc{}, types: map[string]prometheus.ValueType{}, read: read}
	for _, name := range names {
		s.descriptions[name], s.types[name] = desc(name), prometheus.GaugeValue
		if described(name).Type == Counter {
			s.types[name] = prometheus.CounterValue
		}
	}
	m.registry.MustRegister(s)
}

// Describe implements prometheus.Collector.
func (s sampled) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.descriptions {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s sampled) Collect(to chan<- prometheus.Metric) {
	s.read(func(name string, value float64, labels ...string) {
		valid := make([]string, len(labels))
		for i, label := range labels {
			valid[i] = strings.ToValidUTF8(label, "?")
		}
		to <- prometheus.MustNewConstMetric(s.descriptions[name], s.types[name], value, valid...)
	})
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
