package monitoring

import (
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// alerts are all rules.
func alerts(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, group := range rules(t).Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("there are %d alerts", len(all))
	}
	return all
}

// testedAlert is one expectation of a test of alerts/.
type testedAlert struct {
	Alertname string `json:"alertname"`
	Expected  []any  `json:"exp_alerts"`
}

// Each alert has a test in which it fires and then ends, and each test is of an alert.
func TestEachAlertIsSeenToFireAndToEnd(t *testing.T) {
	seen := map[string]string{}
	for _, file := range rig.Must(filepath.Glob("alerts/*.yaml"))(t) {
		var tests struct {
			Tests []struct {
				Alerts []testedAlert `json:"alert_rule_test"`
			} `json:"tests"`
		}
		if err := yaml.Unmarshal([]byte(read(t, file)), &tests); err != nil {
			t.Fatal(err)
		}
		for _, one := range tests.Tests {
			for _, expected := range one.Alerts {
				step := "ends"
				if len(expected.Expected) > 0 {
					step = "fires"
				}
				seen[expected.Alertname] = strings.TrimSpace(seen[expected.Alertname] + " " + step)
			}
		}
	}
	for _, alert := range alerts(t) {
		if seen[alert.Alert] != "fires ends" {
			t.Errorf("the test of %s in alerts/ sees that it %q, want \"fires ends\"", alert.Alert, seen[alert.Alert])
		}
		delete(seen, alert.Alert)
	}
	if len(seen) > 0 {
		t.Errorf("these are tested, and are no alerts: %q", slices.Sorted(maps.Keys(seen)))
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// anchors are those of a document's headings, as GitLab makes them of letters, digits, spaces and hyphens.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(found[1]), "")
		all[strings.ReplaceAll(kept, " ", "-")] = true
	}
	return all
}

const runbooks = "../../charts/notation-provider/RUNBOOKS.md"

// The runbook of each alert is a heading of RUNBOOKS.md, which has no others, and all links in there lead somewhere.
func TestEachAlertHasARunbook(t *testing.T) {
	text := read(t, runbooks)
	have := anchors(text)
	for _, alert := range alerts(t) {
		anchor := strings.ToLower(alert.Alert)
		if want := "RUNBOOKS.md#" + anchor; alert.Annotations["runbook_url"] != want || !have[anchor] {
			t.Errorf("the runbook_url of %s is %q, want %q, which is a heading: %t", alert.Alert, alert.Annotations["runbook_url"], want, have[anchor])
		}
		delete(have, anchor)
	}
	delete(have, "runbooks")
	if len(have) > 0 {
		t.Errorf("these are runbooks of no alert: %q", slices.Sorted(maps.Keys(have)))
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#]*)#([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		document := runbooks
		if link[1] != "" {
			document = filepath.Join(filepath.Dir(runbooks), link[1])
		}
		if strings.HasSuffix(document, "charts/notation-provider/README.md") {
			document += ".gotmpl" // which it is made of
		}
		if !anchors(read(t, document))[link[2]] {
			t.Errorf("%s has no heading %q", document, link[2])
		}
	}
}

// known are the metrics of server, rotator, Gatekeeper and chart.
func known(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{exceptionExpiry: true}
	for _, d := range metrics.Descriptions() {
		all[d.Name] = true
	}
	for _, file := range []string{"testdata/rotator.prom", "testdata/gatekeeper.prom"} {
		for name := range families(t, read(t, file)) {
			all[name] = true
		}
	}
	return all
}

// metricName is a metric of ours or of Gatekeeper. Words that begin in that way and are followed by a slash or more are
// something else.
var metricName = regexp.MustCompile(`\b(?:notation_provider|gatekeeper)_[a-z_]+[a-z]\b`)

// named are the metrics that a text names, histograms without the suffixes of their series.
func named(text string) []string {
	var all []string
	for _, name := range metricName.FindAllString(text, -1) {
		for _, suffix := range []string{"_bucket", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		all = append(all, name)
	}
	return all
}

// Alerts, their tests, the dashboard and all documents name metrics that exist.
func TestMetricsThatAreNamedExist(t *testing.T) {
	exist := known(t)
	var texts []string
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." && entry.Name() != "." || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") || strings.HasSuffix(path, ".gotmpl") || strings.Contains(path, "test/monitoring/alerts/") {
			texts = append(texts, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range append(texts, files+"rules.yaml", files+"dashboard.json") {
		for _, name := range named(read(t, path)) {
			found++
			if !exist[name] {
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
	if found < 100 {
		t.Errorf("%d metrics are named", found)
	}
}
