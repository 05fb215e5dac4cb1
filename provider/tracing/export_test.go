package tracing_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/tracing"
)

// answers is what a tracer wraps here: it finds nothing.
type answers struct{}

func (answers) Answer(context.Context, []string) []provider.Finding { return nil }
func (answers) Pin(context.Context, []string) []provider.Pinned     { return nil }

// export makes one span and ends the tracer. It returns the log.
func export(t *testing.T, e environment) string {
	t.Helper()
	s, err := tracing.FromEnvironment(e.get)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	tracer, err := tracing.New(t.Context(), s, "1.2.3", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	tracer.Answers(answers{}).Answer(t.Context(), nil)
	tracer.Close(10 * time.Second)
	return log.String()
}

// Over TLS, with gzip: the collector gets the span, the service and its version.
func TestExportWithTLS(t *testing.T) {
	t.Parallel()
	var got tracepb.TracesData
	collector := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		plain, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		if err := proto.Unmarshal(plain, &got); err != nil {
			t.Error(err)
		}
	}))
	defer collector.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: collector.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	log := export(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_EXPORTER_OTLP_CERTIFICATE": ca, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"})
	text := got.String()
	for _, want := range []string{`"answer"`, `"notation-provider"`, `"1.2.3"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s; log: %s", want, text, log)
		}
	}
}

// A collector whose certificate is not trusted, one that refuses, one that redirects and one that is not there. The spans are
// lost, the log has the host, and no header goes to another host.
func TestExportFails(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct{ url, want string }{
		{untrusted.URL, "certificate"}, {refusing.URL, "403"}, {redirecting.URL, "307"}, {gone.URL, "refused"},
	} {
		log := export(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": c.url, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret"})
		if !strings.Contains(log, `msg="trace export failed"`) || !strings.Contains(log, c.want) || strings.Contains(log, "secret") {
			t.Errorf("want %s in the log: %s", c.want, log)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d requests went to another host", n)
	}
}
