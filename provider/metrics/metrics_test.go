package metrics_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
)

// scrape returns what Prometheus would read.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("scraping: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// has fails the test for each line that the text lacks.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("there is no %s", line)
		}
	}
}

func TestEveryReasonAndCauseHasASeriesFromTheStart(t *testing.T) {
	text := scrape(t, metrics.New("v1.2.3", memories(), events()))
	for _, reason := range provider.Reasons() {
		has(t, text, fmt.Sprintf(`notation_provider_verdicts_total{reason="%s"} 0`, reason))
	}
	for _, cause := range provider.Causes() {
		has(t, text, fmt.Sprintf(`notation_provider_undecided_total{cause="%s"} 0`, cause))
	}
	has(t, text, fmt.Sprintf(`notation_provider_build_info{goversion="%s",version="v1.2.3"} 1`, runtime.Version()))
}

func TestWhatHappensIsCounted(t *testing.T) {
	m := metrics.New("", memories(), events())
	m.Request("/validate", 200, 2*time.Millisecond)
	m.Request("/validate", 503, time.Hour)
	m.Finding(provider.Finding{Verdict: provider.Verdict{Reason: provider.Unsigned}})
	m.Finding(provider.Finding{Verdict: provider.Verdict{Reason: provider.Verified}, Err: provider.Undecided(provider.CauseDeadline, nil, "x")})
	m.Step("tags", time.Second)
	m.Cache("tags", "hit")
	m.RegistryRequest("harbor.skao.int", 404, time.Second)
	m.RegistryRequest("harbor.skao.int", 0, time.Second)
	m.Reloads([]string{"trust"}, []string{"changed", "failed"})
	m.Reload("trust", "failed")
	m.Limiter(func() (running, waiting metrics.Load) {
		return metrics.Load{Used: 3, Limit: 8}, metrics.Load{Used: 7, Limit: 128}
	})
	m.Memories(func() []metrics.Memory { return []metrics.Memory{{Name: "tags", Good: 5, Refused: 6, Limit: 9}} })
	m.Evidence(func() (entries int, bytes, limit int64) { return 2, 3000, 4000 })
	m.EvidenceRequests([]string{"read", "write"}, []string{"done"})("read", "done")
	m.EvidenceCircuits(func() map[string]bool { return map[string]bool{"read": true, "write": false} })
	m.AnswerWithin(func() map[string]time.Duration { return map[string]time.Duration{"/validate": 1800 * time.Millisecond} })
	m.Circuits(func() map[string]bool { return map[string]bool{"harbor.skao.int": true, "artefact.skao.int": false} })
	m.VerifiedImages(func(within ...time.Duration) ([]int, int) {
		return []int{int(within[0].Hours()), int(within[1].Hours()), int(within[2].Hours())}, 4
	})
	m.LogDropped(func() uint64 { return 4 })
	m.Connections(func() []metrics.Connections {
		return []metrics.Connections{{Listener: "gatekeeper", Handshaking: 1, Open: 2, Closed: 5}}
	})
	has(t, scrape(t, m),
		`notation_provider_requests_total{path="/validate",status="200"} 1`,
		`notation_provider_requests_total{path="/validate",status="503"} 1`,
		`notation_provider_request_duration_seconds_bucket{path="/validate",le="0.0025"} 1`,
		`notation_provider_request_duration_seconds_count{path="/validate"} 2`,
		`notation_provider_verdicts_total{reason="unsigned"} 1`,
		`notation_provider_verdicts_total{reason="verified"} 0`,
		`notation_provider_undecided_total{cause="deadline"} 1`,
		`notation_provider_step_duration_seconds_sum{step="tags"} 1`,
		`notation_provider_cache_events_total{event="hit",memory="tags"} 1`,
		`notation_provider_registry_requests_total{host="harbor.skao.int",status="404"} 1`,
		`notation_provider_registry_requests_total{host="harbor.skao.int",status="0"} 1`,
		`notation_provider_registry_request_duration_seconds_count{host="harbor.skao.int"} 2`,
		`notation_provider_reloads_total{outcome="failed",source="trust"} 1`,
		`notation_provider_reloads_total{outcome="changed",source="trust"} 0`,
		`notation_provider_checks_in_flight 3`,
		`notation_provider_checks_waiting 7`,
		`notation_provider_checks_in_flight_limit 8`,
		`notation_provider_checks_waiting_limit 128`,
		`notation_provider_cache_entries{kind="good",memory="tags"} 5`,
		`notation_provider_cache_entries{kind="refused",memory="tags"} 6`,
		`notation_provider_cache_entries_limit{memory="tags"} 9`,
		`notation_provider_evidence_entries 2`,
		`notation_provider_evidence_store_requests_total{operation="read",outcome="done"} 1`,
		`notation_provider_evidence_store_requests_total{operation="write",outcome="done"} 0`,
		`notation_provider_evidence_store_circuit_open{operation="read"} 1`,
		`notation_provider_evidence_store_circuit_open{operation="write"} 0`,
		`notation_provider_evidence_bytes 3000`,
		`notation_provider_evidence_limit_bytes 4000`,
		`notation_provider_answer_within_seconds{path="/validate"} 1.8`,
		`notation_provider_registry_circuit_open{host="harbor.skao.int"} 1`,
		`notation_provider_registry_circuit_open{host="artefact.skao.int"} 0`,
		`notation_provider_verified_images{lapses_within="7d"} 168`,
		`notation_provider_verified_images{lapses_within="30d"} 720`,
		`notation_provider_verified_images{lapses_within="90d"} 2160`,
		`notation_provider_verified_images{lapses_within="any"} 4`,
		`notation_provider_log_records_dropped_total 4`,
		`notation_provider_connections{listener="gatekeeper",state="handshake"} 1`,
		`notation_provider_connections{listener="gatekeeper",state="open"} 2`,
		`notation_provider_connections_closed_total{listener="gatekeeper"} 5`,
	)
}

func TestNothingThatUsersChooseIsALabel(t *testing.T) {
	m := metrics.New("", memories(), events())
	m.Finding(provider.Finding{Key: "secret/a", Verdict: provider.Verdict{
		Reason: provider.Tampered, Detail: "secret/b", Image: provider.Image{Host: "secret.c", Repository: "secret.c/d", Tag: "secret-e"},
		Policy: "secret f", Signer: "CN=secret g", Warnings: []string{"secret h"},
	}})
	m.Finding(provider.Finding{Key: "secret/i\xff", Err: provider.Undecided(provider.CauseInternal, fmt.Errorf("secret j"), "secret k")})
	if text := scrape(t, m); strings.Contains(text, "secret") {
		t.Error("the metrics tell what findings are about")
	}
	before := strings.Count(scrape(t, m), "\n")
	for i := range 1000 {
		m.Finding(provider.Finding{Key: fmt.Sprint(i), Verdict: provider.Verdict{Reason: provider.Malformed, Detail: fmt.Sprint(i)}})
	}
	if after := strings.Count(scrape(t, m), "\n"); after != before {
		t.Errorf("%d lines became %d after a thousand findings", before, after)
	}
}

func TestCertificatesOfOneNameAreToldApart(t *testing.T) {
	m := metrics.New("", memories(), events())
	end := time.Unix(2_000_000_000, 0)
	certificates := []metrics.Certificate{
		{Use: "trust", Store: "ca:skao", Subject: "CN=Root", NotAfter: end},
		{Use: "trust", Store: "ca:skao", Subject: "CN=Root", NotAfter: end.Add(time.Second)},
		{Use: "trust", Store: "ca:other", Subject: "CN=Root", NotAfter: end},
		{Use: "client-ca", Subject: "CN=Root", NotBefore: end.Add(-time.Hour), NotAfter: end},
		// Different names, alike once they are fit to be labels.
		{Use: "trust", Store: "ca:skao", Subject: "CN=\xff", NotAfter: end},
		{Use: "trust", Store: "ca:skao", Subject: "CN=\xfe", NotAfter: end},
		{Use: "trust", Store: "ca:skao", Subject: "CN=?", NotAfter: end},
		{Use: "trust", Store: "ca:skao", Subject: "CN=\"\n\\", NotAfter: end},
		{Use: "serving"},
	}
	m.State(func() []metrics.Certificate { return certificates }, func() []metrics.Source { return nil })
	const name = "notation_provider_certificate_expiry_timestamp_seconds"
	text := scrape(t, m)
	has(t, text,
		name+`{nth="1",store="ca:skao",subject="CN=Root",use="trust"} 2e+09`,
		name+`{nth="2",store="ca:skao",subject="CN=Root",use="trust"} 2.000000001e+09`,
		name+`{nth="1",store="ca:other",subject="CN=Root",use="trust"} 2e+09`,
		name+`{nth="1",store="",subject="CN=Root",use="client-ca"} 2e+09`,
		`notation_provider_certificate_start_timestamp_seconds{nth="1",store="",subject="CN=Root",use="client-ca"} 1.9999964e+09`,
		name+`{nth="3",store="ca:skao",subject="CN=?",use="trust"} 2e+09`,
	)
	if n := strings.Count(text, "\n"+name+"{"); n != len(certificates) {
		t.Errorf("%d certificates of %d are told", n, len(certificates))
	}
	certificates = certificates[:1] // a reload
	if n := strings.Count(scrape(t, m), "\n"+name+"{"); n != 1 {
		t.Errorf("%d certificates are told after a reload to one", n)
	}
}

func TestABrokenReloadIsToldWhileItLasts(t *testing.T) {
	m := metrics.New("", memories(), events())
	failing := true
	m.State(func() []metrics.Certificate { return nil }, func() []metrics.Source {
		return []metrics.Source{{Name: "trust", Failing: failing, Loaded: time.UnixMilli(1_900_000_000_500), Hash: []byte{0, 0, 0, 0, 1, 2, 255}}, {Name: "client CA"}}
	})
	has(t, scrape(t, m), `notation_provider_reload_failing{source="trust"} 1`, `notation_provider_reload_failing{source="client CA"} 0`,
		`notation_provider_config_hash{source="trust"} 258`, `notation_provider_config_last_reload_success_timestamp_seconds{source="trust"} 1.9000000005e+09`)
	failing = false
	has(t, scrape(t, m), `notation_provider_reload_failing{source="trust"} 0`)
}

func TestCountingAndScrapingDoNotRace(t *testing.T) {
	m := metrics.New("", memories(), events())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				m.Finding(provider.Finding{Verdict: provider.Verdict{Reason: provider.Verified}})
				m.Cache("verdicts", "hit")
			}
		})
		all.Go(func() {
			m.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		})
	}
	all.Wait()
	has(t, scrape(t, m), `notation_provider_verdicts_total{reason="verified"} 400`)
}

func memories() []string { return []string{"tags", "verdicts"} }

func events() []string { return []string{"hit", "miss"} }

// Known caches and events have series from the start; others have none.
func TestCacheSeriesExistFromTheStart(t *testing.T) {
	m := metrics.New("", memories(), events())
	m.Cache("tags", "hit")
	m.Cache("harbor.skao.int/x", "hit")
	text := scrape(t, m)
	for _, want := range []string{
		`notation_provider_cache_events_total{event="hit",memory="tags"} 1`,
		`notation_provider_cache_events_total{event="miss",memory="verdicts"} 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "harbor.skao.int") {
		t.Error("a cache that was not named at the start has a series")
	}
}
