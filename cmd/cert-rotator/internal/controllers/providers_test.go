package controllers_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

// An edited caBundle is written again at once, at every step.
func TestEditedProviders(t *testing.T) {
	t.Parallel()
	other, err := authority.NewCA(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "garbage", base64.StdEncoding.EncodeToString(other.CertPEM)} {
		for wait := 0; wait < 60; wait += 3 {
			w := install(t, fmt.Sprintf("the caBundle is %.10q after %d seconds", text, wait))
			w.settled()
			w.rotate()
			w.seconds(wait)
			edited := w.provider("check")
			_ = unstructured.SetNestedField(edited.Object, text, "spec", "caBundle")
			w.lenient = true
			w.put(edited)
			w.reconcile()
			if strings.Contains(caBundle(w.provider("check")), string(other.CertPEM)) {
				t.Fatalf("%s: what somebody put there was taken up", w.what)
			}
			w.seconds(10) // until Gatekeeper has taken it up
			w.lenient = false
			w.settled()
		}
	}
}

// If somebody takes the new CA out again before it is used, Gatekeeper is given the whole
// time once more.
func TestNewCATakenOut(t *testing.T) {
	t.Parallel()
	for wait := range 10 {
		w := install(t, fmt.Sprintf("the new CA is taken out after %d seconds", wait))
		w.gatekeepers = []*gatekeeper{{every: 9}}
		w.settled()
		edited := w.provider("check")
		w.rotate()
		w.seconds(1 + wait)
		w.put(edited)
		w.watch(w.gatekeepers[0], 0)
		w.settled()
	}
}

// A Provider that is made, or made again, while the CA changes is written at once.
func TestProvidersComeAndGo(t *testing.T) {
	t.Parallel()
	for wait := 0; wait < 60; wait += 3 {
		w := install(t, fmt.Sprintf("a Provider goes after %d seconds", wait))
		w.settled()
		w.rotate()
		w.seconds(wait)
		delete(w.objects, "provider/check")
		w.reconcile()
		w.seconds(5)
		w.put(newProvider("check", ""))
		w.reconcile()
		w.settled()
	}
}

// A replica of Gatekeeper that reports an older caBundle is waited for, within bounds.
func TestReportsOfGatekeeper(t *testing.T) {
	t.Parallel()
	w := install(t, "a slow replica of Gatekeeper")
	w.gatekeepers = append(w.gatekeepers, &gatekeeper{every: 40, reports: true})
	w.settled()
	w.rotate()
	w.settled()

	left := w.provider("check")
	_ = unstructured.SetNestedSlice(left.Object, []any{map[string]any{"id": "gone", "observedGeneration": int64(1)}}, "status", "byPod")
	w.gatekeepers = w.gatekeepers[:2]
	w.put(left)
	before := w.ca()
	w.rotate()
	w.seconds(59)
	if w.ca() != before {
		t.Error("a report of an older caBundle was not waited for")
	}
	w.settled()
	if w.ca() == before {
		t.Error("a report that was left over holds up the change for ever")
	}
}
