//go:build promtool

package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// promtool is where make test-rules builds it.
func promtool(t *testing.T) string {
	t.Helper()
	version := regexp.MustCompile(`(?m)^PROMTOOL +:= \$\(BIN\)/(\S+)$`).FindStringSubmatch(read(t, "../../Makefile"))
	if version == nil {
		t.Fatal("Makefile names no promtool")
	}
	path := rig.Must(filepath.Abs("../../.cache/bin/" + version[1]))(t)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; make test-rules builds it", err)
	}
	return path
}

// run runs promtool in a folder, and fails the test with what it says.
func run(t *testing.T, folder string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), promtool(t), args...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// marshal writes a value as YAML.
func marshal(t *testing.T, path string, value any) {
	t.Helper()
	if err := os.WriteFile(path, rig.Must(yaml.Marshal(value))(t), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each alert fires and ends as its test says. What alerts say beside their summary is text without a value, and is left out
// of the tests.
func TestAlertsFireAndEnd(t *testing.T) {
	folder, groups := t.TempDir(), rules(t)
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			delete(rule.Annotations, "description")
			delete(rule.Annotations, "runbook_url")
		}
	}
	marshal(t, filepath.Join(folder, "rules.yaml"), groups)
	run(t, folder, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
	for _, file := range rig.Must(filepath.Glob("alerts/*.yaml"))(t) {
		name := filepath.Base(file)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(read(t, file)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { run(t, folder, "test", "rules", name) })
	}
}

// Every query of the dashboard has an answer from the series of a real server, of the rotator and of Gatekeeper. Its absence
// would be an alert.
func TestNoPanelIsWithoutData(t *testing.T) {
	type rule struct {
		Alert string `json:"alert"`
		Expr  string `json:"expr"`
	}
	type series struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	var absent []rule
	var silent []any
	for _, panel := range dashboard(t) {
		for i, target := range panel.Targets {
			name := fmt.Sprintf("%s: query %d", panel.Title, i+1)
			absent = append(absent, rule{name, "absent(" + concrete(target.Expr) + ")"})
			silent = append(silent, map[string]any{"alertname": name, "eval_time": "20m", "exp_alerts": []any{}})
		}
	}
	var recorded []series
	for _, one := range recordedSeries(t) {
		recorded = append(recorded, series{one.text(), one.values()})
	}
	folder := t.TempDir()
	marshal(t, filepath.Join(folder, "rules.yaml"), map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": absent}}})
	marshal(t, filepath.Join(folder, "test.yaml"), map[string]any{
		"rule_files": []string{"rules.yaml"}, "evaluation_interval": "1m",
		"tests": []any{map[string]any{"interval": "1m", "input_series": recorded, "alert_rule_test": silent}},
	})
	run(t, folder, "check", "rules", "rules.yaml")
	run(t, folder, "test", "rules", "test.yaml")
}
