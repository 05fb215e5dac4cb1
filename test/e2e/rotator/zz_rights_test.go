//go:build e2e

package rotator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// asked are the requests of the rotator in the API server's audit log: verb, resource and
// name, each with the worst status it got.
func asked(t testing.TB) map[string]int {
	t.Helper()
	text, err := os.ReadFile(cluster.audit)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var event struct {
			User           struct{ Username string }
			Verb           string
			RequestURI     string
			ObjectRef      struct{ Resource, Name string }
			ResponseStatus struct{ Code int }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.User.Username != account {
			continue
		}
		request := fmt.Sprintf("%s %s %s", event.Verb, event.ObjectRef.Resource, event.ObjectRef.Name)
		if event.ObjectRef.Resource == "" {
			request = event.Verb + " " + event.RequestURI
		}
		all[request] = max(all[request], event.ResponseStatus.Code)
	}
	return all
}

// In the tests before this one the rotator asked for all that the README grants it and nothing
// else, and was never refused. List is granted for API servers that cannot begin a watch with a
// list, before 1.34.
func TestRightsAreEnoughAndNoMore(t *testing.T) {
	got := asked(t)
	var want []string
	for _, tc := range []struct {
		object string
		verbs  []string
	}{
		{"secrets " + tlsSecret, []string{"get", "watch", "update"}},
		{"configmaps " + configMap, []string{"get", "watch", "update"}},
		{"providers notation-provider", []string{"get", "watch", "update"}},
		{"providers notation-provider-mutate", []string{"get", "watch", "update"}},
		{"validatingwebhookconfigurations " + webhooks, []string{"get", "watch"}},
		{"leases notation-provider-cert-rotator", []string{"get", "update", "create"}},
	} {
		for _, verb := range tc.verbs {
			want = append(want, verb+" "+tc.object)
		}
		delete(got, "list "+tc.object)
	}
	slices.Sort(want)
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, want) {
		t.Errorf("the rotator asked for\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	for request, status := range got {
		if status == 403 {
			t.Errorf("%s was forbidden", request)
		}
	}
}
