package system

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// collector takes spans as an OpenTelemetry collector does.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
	wrong error
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	var sent tracepb.TracesData
	if err = errors.Join(err, proto.Unmarshal(body, &sent)); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Authorization") != "Bearer for the collector" {
		c.wrong = fmt.Errorf("%s %v: %w", r.URL.Path, r.Header, err)
	}
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// in returns the spans of one trace by their names.
func (c *collector) in(trace string) map[string]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]*tracepb.Span{}
	for _, span := range c.spans {
		if hex.EncodeToString(span.GetTraceId()) == trace {
			found[span.GetName()] = span
		}
	}
	return found
}

// within asks as Gatekeeper does, within a trace.
func within(t *testing.T, w *rig.Test, url, trace, image string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": map[string]any{"keys": []string{image}},
	})
	expect.OK(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/validate", bytes.NewReader(body))
	expect.OK(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: ca.Pool(w.ServerCA.Cert), Certificates: []tls.Certificate{w.ClientCert.TLS()}, MinVersion: tls.VersionTLS13,
	}}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	expect.OK(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(answer), `"verified":true`) {
		t.Fatalf("%v %s", err, answer)
	}
}

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

// The steps of a request are spans below each other, in Gatekeeper's trace. The log has the trace's id. No span, and no
// request to a registry or a CA, has more of the trace than that.
func TestTracesOfARequest(t *testing.T) {
	t.Parallel()
	w, collector := rig.ForTest(t), newCollector(t)
	pki := w.NewPKI(rig.PKIOptions{CRL: true})
	r := w.Registry(rig.RegistryOptions{})
	image := signed(t, w, r, rig.Signature{By: pki.Signer}, "production/app", 1)[0]
	trusted := w.Trust("*")
	trusted.Add("ca:revocable", pki.Root.Cert)
	p := startProcess(t, w, rig.ProviderOptions{Trust: trusted, Registries: []*rig.Registry{r}, Environ: []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20for%20the%20collector", "OTEL_BSP_SCHEDULE_DELAY=20",
	}})
	within(t, w, p.URL, trace, image.Tagged())

	parents := map[string]string{
		"answer": "", "image": "answer", "tag": "image", "evidence": "image", "verify": "image", "referrers": "verify", "envelope": "verify", "revocation": "verify",
	}
	var found map[string]*tracepb.Span
	rig.Eventually(t, "all spans are there", func() error {
		if found = collector.in(trace); len(found) < len(parents) {
			return fmt.Errorf("%v", slices.Sorted(maps.Keys(found)))
		}
		return nil
	})
	for name, parent := range parents {
		want := "00f067aa0ba902b7" // Gatekeeper's
		if parent != "" {
			want = hex.EncodeToString(found[parent].GetSpanId())
		}
		if got := hex.EncodeToString(found[name].GetParentSpanId()); got != want {
			t.Errorf("the parent of %s is %s, want %s (%s)", name, got, want, parent)
		}
	}
	for _, tc := range []struct{ name, want string }{{"image", image.Tagged()}, {"verify", image.Descriptor.Digest.String()}, {"answer", "/validate"}, {"revocation", "127.0.0.1"}} {
		if !strings.Contains(found[tc.name].String(), tc.want) {
			t.Errorf("%s does not have %s: %s", tc.name, tc.want, found[tc.name])
		}
	}
	if collector.wrong != nil {
		t.Error(collector.wrong)
	}
	if !strings.Contains(p.Log(), `"trace":"`+trace+`"`) {
		t.Errorf("the log does not have the trace: %s", p.Log())
	}
	for _, request := range slices.Concat(r.Requests(), w.Endpoints.Requests()) {
		if request.Traceparent != "" {
			t.Errorf("a trace's context went out: %v", request)
		}
	}
}

// A collector that takes a connection and never answers delays no request and no end, and the log says once that
// spans are lost.
func TestTracesOfACollectorThatHangs(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	held := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-held }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(held) })
	r := w.Registry(rig.RegistryOptions{})
	image := signed(t, w, r, rig.Signature{}, "production/app", 1)[0].Pinned()
	p := startProcess(t, w, rig.ProviderOptions{Registries: []*rig.Registry{r}, Environ: []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + hanging.URL, "OTEL_EXPORTER_OTLP_TIMEOUT=50", "OTEL_BSP_SCHEDULE_DELAY=20",
	}})
	rig.Eventually(t, "the log says that spans are lost", func() error {
		within(t, w, p.URL, trace, image)
		if !strings.Contains(p.Log(), `"msg":"trace export failed"`) {
			return errors.New("it does not")
		}
		return nil
	})
	began := time.Now()
	expect.OK(t, p.Stop())
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if n := strings.Count(p.Log(), `"msg":"trace export failed"`); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}
