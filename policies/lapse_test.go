package policies_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
)

// In Gatekeeper's engine an exception ends by the clock. The constraint was loaded days ago, nothing changes but the time, and
// the next pod is denied at midnight in UTC. The bubble begins on 2000-01-01.
func TestAnExceptionLapsesWhileTheEngineRuns(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	server.Close() // it verifies nothing
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Options{Providers: []engine.Provider{{Name: "p", URL: server.URL, CABundle: certificatePEM(server.Certificate())}}})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		load(t, e, "signedimages/template.yaml")
		if err := loadText(e, constraint("SignedImages", `{provider: p, exceptions: [{image: postgres, reason: SEC-142, expires: "2000-01-03"}]}`)); err != nil {
			t.Fatal(err)
		}
		pod := &unstructured.Unstructured{Object: podOf([]string{"postgres:16"})["object"].(map[string]any)}
		pod.SetAPIVersion("v1")
		pod.SetKind("Pod")
		pod.SetName("database")
		pod.SetNamespace("default")
		denied := func() string {
			violations, err := e.Review(t.Context(), pod)
			if err != nil {
				t.Fatal(err)
			}
			var messages []string
			for _, violation := range violations {
				messages = append(messages, violation.Msg)
			}
			return strings.Join(messages, "\n")
		}
		const days = 3 * 24 * time.Hour
		started := time.Now()
		for _, after := range []time.Duration{0, days / 2, days - time.Second} {
			time.Sleep(after - time.Since(started))
			if message := denied(); message != "" {
				t.Errorf("after %s it is denied: %s", after, message)
			}
		}
		time.Sleep(time.Second)
		if message := denied(); !strings.Contains(message, "Its exception ended on 2000-01-03 (SEC-142).") {
			t.Errorf("after %s it says %q", days, message)
		}
	})
}
