//go:build promtool

package monitoring

import (
	"encoding/json"
	"strings"
	"testing"
)

type panel struct {
	Title   string
	Targets []struct{ Expr string }
}

// dashboard are the panels of the dashboard.
func dashboard(t *testing.T) []panel {
	t.Helper()
	var board struct{ Panels []panel }
	if err := json.Unmarshal([]byte(read(t, files+"dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	return board.Panels
}

// concrete is a query of the dashboard as Grafana sends it.
func concrete(query string) string {
	return strings.NewReplacer("$namespace", ours, "$__rate_interval", "5m").Replace(query)
}
