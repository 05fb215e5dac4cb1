package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// A dashboard tells which replicas run which version.
func TestMetricsNameTheVersion(t *testing.T) {
	scrape := httptest.NewRecorder()
	newMetrics().Handler().ServeHTTP(scrape, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if want := fmt.Sprintf("notation_provider_build_info{goversion=%q,version=%q} 1\n", runtime.Version(), version.Number); !strings.Contains(scrape.Body.String(), want) {
		t.Errorf("there is no %s", want)
	}
}

// egress.allow is for revocation: no registry leads to what is named there, neither by a
// realm nor by a redirect. The question comes through all that serve puts together.
func TestEgressAllowIsForRevocationAlone(t *testing.T) {
	var asked atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"token":"internal"}`))
	}))
	defer inside.Close()
	for _, tc := range []struct {
		way     string
		handler http.HandlerFunc
	}{
		{"realm", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Www-Authenticate", fmt.Sprintf("Bearer realm=%q,service=%q", inside.URL+"/v1/secret", "s"))
			w.WriteHeader(http.StatusUnauthorized)
		}},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL+"/v1/secret", http.StatusTemporaryRedirect)
		}},
	} {
		var registry atomic.Int32
		hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { registry.Add(1); tc.handler(w, r) }))
		defer hostile.Close()
		from := goodSource(t)
		cfg := from.config
		host := strings.TrimPrefix(hostile.URL, "http://")
		cfg.Trust.PolicyFile = filepath.Join(filepath.Dir(from.file), "policy.json")
		if err := os.WriteFile(cfg.Trust.PolicyFile, []byte(strings.ReplaceAll(goodPolicy, "127.0.0.1:1/", host+"/")), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.Registries = []config.Registry{{Host: host, PlainHTTPUnsafe: true, Referrers: config.ReferrersAuto}}
		cfg.Egress.Allow = []string{strings.TrimPrefix(inside.URL, "http://")}
		a, err := assemble(cfg, newMetrics(), nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		finding := a.provider.Answer(t.Context(), []string{host + "/team/app:1"})[0]
		a.close()
		if finding.Err == nil || !strings.Contains(finding.Err.Detail, "inside the network") {
			t.Errorf("%s: %+v", tc.way, finding)
		}
		if registry.Load() == 0 || asked.Load() > 0 {
			t.Errorf("%s: the registry was asked %d times, and what is inside %d times", tc.way, registry.Load(), asked.Load())
		}
	}
}
