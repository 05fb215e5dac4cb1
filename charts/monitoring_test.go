package charts

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	corev1 "k8s.io/api/core/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// told are the metrics of server and rotator: by name the labels that each has.
func told(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, d := range metrics.Descriptions() {
		labels := append([]string{"namespace", "pod"}, d.Labels...) // what Prometheus adds comes first
		all[d.Name] = labels
		if d.Type == metrics.Histogram {
			delete(all, d.Name)
			all[d.Name+"_sum"], all[d.Name+"_count"], all[d.Name+"_bucket"] = labels, labels, append(labels, "le")
		}
	}
	rotators(t, all)
	all["notation_provider_exception_expiry_timestamp_seconds"] = []string{"namespace", "constraint", "image"}
	all["gatekeeper_providers"] = []string{"namespace", "pod", "status"}
	all["gatekeeper_validation_request_count_total"] = []string{"namespace", "pod", "admission_status"}
	return all
}

// rotators adds the metrics that the rotator's source describes: they are of a package that only its command may import.
func rotators(t *testing.T, all map[string][]string) {
	t.Helper()
	source := string(rig.Must(os.ReadFile("../cmd/cert-rotator/internal/metrics/metrics.go"))(t))
	found := regexp.MustCompile(`describe\("(\w+)", "[^"]*"((?:, "\w+")*)\)`).FindAllStringSubmatch(source, -1)
	if len(found) == 0 || !strings.Contains(source, `namespace = "notation_provider_rotator"`) {
		t.Fatal("the rotator's metrics are described in another way")
	}
	for _, one := range found {
		labels := []string{"namespace"}
		labels = append(labels, regexp.MustCompile(`\w+`).FindAllString(one[2], -1)...)
		all["notation_provider_rotator_"+one[1]] = labels
	}
}

// exists holds a query to the metrics that there are, and to their labels.
func exists(t *testing.T, what, query string, known map[string][]string) {
	t.Helper()
	query = regexp.MustCompile(`\$__rate_interval`).ReplaceAllString(query, "5m")
	parsed, err := metricsql.Parse(query)
	if err != nil {
		t.Errorf("%s: %s: %v", what, query, err)
		return
	}
	found := 0
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		switch e := e.(type) {
		case *metricsql.MetricExpr:
			for _, filters := range e.LabelFilterss {
				labels, ok := known[filters[0].Value]
				if !ok {
					t.Errorf("%s: there is no metric %q", what, filters[0].Value)
				}
				for _, filter := range filters[1:] {
					if !slices.Contains(labels, filter.Label) {
						t.Errorf("%s: %s has no label %q, but %q", what, filters[0].Value, filter.Label, labels)
					}
				}
				found++
			}
		case *metricsql.AggrFuncExpr:
			metricsql.VisitAll(e, func(below metricsql.Expr) {
				if m, ok := below.(*metricsql.MetricExpr); ok {
					for _, label := range e.Modifier.Args {
						if name := m.LabelFilterss[0][0].Value; !slices.Contains(known[name], label) {
							t.Errorf("%s: %s has no label %q", what, name, label)
						}
					}
				}
			})
		}
	})
	if found == 0 {
		t.Errorf("%s: %s is about no metric", what, query)
	}
}

// ruleSpec is what a PrometheusRule says.
type ruleSpec struct {
	Groups []struct {
		Rules []struct {
			Alert, Record, Expr, For string
			Labels, Annotations      map[string]string
		}
	}
}

func spec(t *testing.T, rule map[string]any) (s ruleSpec) {
	t.Helper()
	if err := json.Unmarshal(rig.Must(json.Marshal(rule["spec"]))(t), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAlertsNameMetricsThatExist(t *testing.T) {
	known := told(t)
	o := render(t, "--values", chart+"/examples/monitoring.yaml")
	rule := *get[map[string]any](t, o, "PrometheusRule", release)
	var alerts []string
	for _, rule := range spec(t, rule).Groups[0].Rules {
		alerts = append(alerts, strings.TrimPrefix(rule.Alert, "NotationProvider"))
		exists(t, rule.Alert, rule.Expr, known)
		if rule.For == "" || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s says too little: %+v", rule.Alert, rule)
		}
		if strings.Count(rule.Expr, `{namespace="notation-provider"`)+strings.Count(rule.Expr, `{namespace="gatekeeper-system"`) != strings.Count(rule.Expr, "{") {
			t.Errorf("%s is about all namespaces: %s", rule.Alert, rule.Expr)
		}
		if url := rule.Annotations["runbook_url"]; !strings.HasPrefix(url, "https://gitlab.com/ska-telescope/notation-provider/-/blob/main/charts/notation-provider/RUNBOOKS.md#") {
			t.Errorf("the runbook of %s is %q", rule.Alert, url)
		}
	}
	if len(alerts) < 20 {
		t.Errorf("alerts are %q", alerts)
	}
}

// The end of each exception of the chart's constraints is recorded, for an alert: those of the values in place of the preset's.
func TestTheEndOfExceptionsIsRecorded(t *testing.T) {
	for _, c := range []struct {
		name   string
		values string
		want   []string
	}{
		{"the preset's", "{}", []string{"images-are-signed-or-vetted docker.io/library/postgres vector(1769904000)"}},
		{"the values'", `[{"image": "a.example/b", "reason": "x", "expires": "2027-03-01"}, {"image": "a.example/c", "reason": "x", "expires": "never"},
			{"image": "a.example/d", "reason": "x", "expires": "2027-13-01"}]`, []string{"images-are-signed-or-vetted a.example/b vector(1803945600)"}},
		{"none", "[]", nil},
	} {
		args := []string{"--values", chart + "/examples/monitoring.yaml", "--set", "constraints.preset=skao-tomorrow"}
		if c.values != "{}" {
			args = append(args, "--set-json", "constraints.exceptions="+c.values)
		}
		rule := *get[map[string]any](t, render(t, args...), "PrometheusRule", release)
		var have []string
		for _, one := range spec(t, rule).Groups[1:] {
			for _, r := range one.Rules {
				have = append(have, fmt.Sprintf("%s %s %s", r.Labels["constraint"], r.Labels["image"], r.Expr))
				if r.Record != "notation_provider_exception_expiry_timestamp_seconds" || r.Labels["namespace"] != release {
					t.Errorf("%s: recorded is %+v", c.name, r)
				}
			}
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: recorded are %q, want %q", c.name, have, c.want)
		}
	}
}

func TestTheDashboardNamesMetricsThatExist(t *testing.T) {
	known := told(t)
	cm := get[corev1.ConfigMap](t, render(t, "--values", chart+"/examples/monitoring.yaml"), "ConfigMap", "notation-provider-dashboard")
	var dashboard struct {
		Title  string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(cm.Data["notation-provider.json"]), &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) < 10 || cm.Labels["grafana_dashboard"] != "1" {
		t.Errorf("%q has %d panels, and the labels %v", dashboard.Title, len(dashboard.Panels), cm.Labels)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			exists(t, panel.Title, target.Expr, known)
		}
	}
}
