package controllers_test

import (
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// After an installation all is well within seconds, and stays so for several lives of the CA.
func TestInstallationAndSeveralLives(t *testing.T) {
	t.Parallel()
	w := install(t, "installation")
	w.seconds(60)
	w.good()
	cas := map[string]bool{w.ca(): true}
	for range 12 {
		w.seconds(500)
		cas[w.ca()] = true
	}
	w.settled()
	if len(cas) != 4 {
		t.Errorf("there were %d CAs in two lives of one, each changed when two thirds were over; want 4", len(cas))
	}
}

// For every reason to change the CA: each certificate that is served stays trusted.
func TestCAChanges(t *testing.T) {
	t.Parallel()
	for name, change := range changes() {
		w := install(t, name)
		w.settled()
		before := w.ca()
		change(w)
		w.settled()
		if w.ca() == before {
			t.Errorf("%s: the CA is still the same", name)
		}
	}
}

// A certificate that the server could not use is replaced at once, by the same CA.
func TestRepairOfTheServingCertificate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(w *world, data map[string][]byte)
	}{
		{"damaged", func(_ *world, data map[string][]byte) { data[serving.CertKey] = []byte("damaged") }},
		{"gone", func(_ *world, data map[string][]byte) { delete(data, serving.KeyKey) }},
		{"other names", func(w *world, data map[string][]byte) {
			ca, _ := authority.Read(data[serving.CAKey], data[serving.CAKeyKey])
			leaf, _ := ca.Issue(w.now, time.Minute, append(rules().Names, "more.example"))
			data[serving.CertKey], data[serving.KeyKey] = leaf.CertPEM, leaf.KeyPEM
		}},
		{"another CA's", func(w *world, data map[string][]byte) {
			ca, _ := authority.NewCA(w.now, time.Hour)
			leaf, _ := ca.Issue(w.now, time.Minute, rules().Names)
			data[serving.CertKey], data[serving.KeyKey] = leaf.CertPEM, leaf.KeyPEM
		}},
	} {
		w := install(t, tc.name)
		w.settled()
		before := w.ca()
		w.edit(func(data map[string][]byte, _ map[string]string) { tc.change(w, data) })
		w.reconcile()
		w.seconds(60)
		w.good()
		if w.ca() != before {
			t.Errorf("%s: the CA has changed", tc.name)
		}
	}
}

var _ controllers.Store = (*handle)(nil)
