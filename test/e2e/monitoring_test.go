//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
)

const failOpen = `notation_provider_rotator_webhook_fails_open{webhook="validation.gatekeeper.sh"}`

// The metrics that alerts and dashboard take from Gatekeeper are those that it has.
func TestGatekeeperHasTheMetricsOfAlerts(t *testing.T) {
	w := start(t)
	w.install(t)
	w.admitted(t, deployment("signed", registryHost+"/signed:1"), "--dry-run=server")
	recorded, err := os.ReadFile(filepath.Join(root, "test/monitoring/testdata/gatekeeper.prom"))
	if err != nil {
		t.Fatal(err)
	}
	want := families(t, string(recorded))
	eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
		have := families(t, w.scrape(ctx, t, cluster.GatekeeperNamespace, nil, 8888)...)
		for name, family := range want {
			found, ok := have[name]
			if !ok || found.GetType() != family.GetType() || labels(found) != labels(family) {
				return false, fmt.Sprintf("Gatekeeper has %v, want %v", found, family)
			}
		}
		return true, ""
	})
}

// The rotator tells that Gatekeeper's webhook fails open while it does.
func TestRotatorTellsThatGatekeeperFailsOpen(t *testing.T) {
	w := start(t)
	w.install(t)
	rotator := client.MatchingLabels{"app.kubernetes.io/component": "cert-rotator"}
	told := func(value string) {
		t.Helper()
		eventually(t, time.Minute, func(ctx context.Context) (bool, string) {
			text := strings.Join(w.scrape(ctx, t, namespace, rotator, 8080), "")
			return strings.Contains(text, failOpen+" "+value+"\n"), text
		})
	}
	policy := func(name string) string {
		return "kubectl patch validatingwebhookconfiguration gatekeeper-validating-webhook-configuration --type json -p " +
			`'[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"` + name + `"}]'`
	}
	told("0")
	w.must(t, policy("Ignore"))
	told("1")
	w.must(t, policy("Fail"))
	told("0")
}

// scrape returns the metrics of each pod with the labels.
func (w *world) scrape(ctx context.Context, t *testing.T, namespace string, with client.MatchingLabels, port int) []string {
	t.Helper()
	var pods corev1.PodList
	if err := w.Client().List(ctx, &pods, client.InNamespace(namespace), with); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, pod := range pods.Items {
		text, err := fetch(ctx, fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, port))
		if err != nil {
			t.Logf("%s: %v", pod.Name, err)
		}
		all = append(all, text)
	}
	return all
}

func fetch(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// families are the metrics of all pods; where several have one of them, that of the last.
func families(t *testing.T, pods ...string) map[string]*dto.MetricFamily {
	t.Helper()
	all := map[string]*dto.MetricFamily{}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	for _, text := range pods {
		found, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all, found)
	}
	return all
}

// labels are the names of a family's labels.
func labels(family *dto.MetricFamily) string {
	var names []string
	for _, label := range family.GetMetric()[0].GetLabel() {
		names = append(names, label.GetName())
	}
	return strings.Join(names, " ")
}
