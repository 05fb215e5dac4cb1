package controllers_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// The old CA goes after two good looks in a row: one that is not good in between begins
// the count again.
func TestLooksInARow(t *testing.T) {
	t.Parallel()
	w := install(t, "looks")
	w.settled()
	w.rotate()
	for w.step() != serving.Issued {
		w.second()
	}
	looks, steady := 0, false
	w.rotator.Look = func(context.Context, time.Time, *x509.Certificate) replicas.Seen {
		if looks++; steady || looks%2 == 0 {
			return replicas.Seen{With: 2}
		}
		return replicas.Seen{With: 1, Silent: 1}
	}
	w.seconds(100)
	if w.step() != serving.Issued || looks < 30 {
		t.Errorf("after %d looks, of which every second was good, the step is %q", looks, w.step())
	}
	steady = true
	w.seconds(10)
	if w.step() != serving.Idle {
		t.Errorf("after good looks in a row the step is %q", w.step())
	}
}

// failures is a report that counts failures.
type failures struct{ n *int }

func (f failures) Did(_, _ string, err error) {
	if err != nil {
		*f.n++
	}
}

// That somebody else wrote first is no failure: all is read again, and done.
func TestSomebodyElseWroteFirst(t *testing.T) {
	t.Parallel()
	w := install(t, "conflict")
	w.settled()
	before, others, failed := w.ca(), 0, 0
	w.rotator.Report = failures{&failed}
	w.handle.before = func(write bool) error {
		if write && others%2 == 0 {
			w.put(w.secret())
			w.put(w.provider("check"))
		}
		if write {
			others++
		}
		return nil
	}
	w.rotate()
	if _, err := w.rotator.Reconcile(t.Context(), reconcile.Request{}); err != nil || failed > 0 {
		t.Errorf("%d failures, %v", failed, err)
	}
	w.settled()
	if w.ca() == before || others < 4 {
		t.Errorf("the CA is the same, or there were %d writes only", others)
	}
}
