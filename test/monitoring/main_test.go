// Package monitoring has no code of its own. Its tests hold alerts, dashboard and documents to the metrics that a real server,
// the rotator and Gatekeeper have. They hold each alert to a runbook and a test. Those that want promtool have the build tag
// promtool, and make test-rules runs them:
//
//   - alerts/ has the tests of the alerts, as promtool reads them;
//   - testdata/rotator.prom is what the rotator's own tests expose, and testdata/gatekeeper.prom what Gatekeeper does.
package monitoring

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// binaries has the server.
var binaries rig.Binaries

func TestMain(m *testing.M) { binaries.Main(m) }

// files is where the chart has the alerts and the dashboard.
const files = "../../charts/notation-provider/files/"

func read(t *testing.T, path string) string {
	t.Helper()
	return string(rig.Must(os.ReadFile(path))(t))
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleGroup struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type ruleGroups struct {
	Groups []ruleGroup `json:"groups"`
}

// The namespaces of the tests.
const (
	ours        = "np"
	gatekeepers = "gatekeeper-system"
)

// rules are the alerts, as the chart renders them.
func rules(t *testing.T) ruleGroups {
	t.Helper()
	text := strings.NewReplacer("GATEKEEPER_NAMESPACE", gatekeepers, "RELEASE_NAMESPACE", ours, "RUNBOOKS", "RUNBOOKS.md").Replace(read(t, files+"rules.yaml"))
	var all ruleGroups
	if err := yaml.UnmarshalStrict([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// exceptionExpiry is made by the chart.
const exceptionExpiry = "notation_provider_exception_expiry_timestamp_seconds"
