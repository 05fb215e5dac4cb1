package controllers_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/controllers"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// seconds lets time pass.
func (w *world) seconds(n int) {
	for range n {
		w.second()
	}
}

// settled lets time pass until nothing is under way and everybody has taken it up, and
// checks that all is as it should be then.
func (w *world) settled() {
	w.Helper()
	quiet := 0 // seconds in which a rotator was there and nothing was under way
	for range 1000 {
		if w.second(); w.step() == serving.Idle && w.dead.IsZero() {
			quiet++
		} else {
			quiet = 0
		}
		if quiet == 70 {
			w.good()
			return
		}
	}
	w.Fatalf("%s: the step is still %q", w.what, w.step())
}

// good checks that the Secret holds one CA with a certificate, that all replicas serve with
// it, and that the Providers trust it and nothing else.
func (w *world) good() {
	w.Helper()
	secret := w.secret()
	ca, err := authority.Read(secret.Data[serving.CAKey], secret.Data[serving.CAKeyKey])
	if err != nil {
		w.Fatalf("%s: the CA: %v", w.what, err)
	}
	leaf, err := authority.Read(secret.Data[serving.CertKey], secret.Data[serving.KeyKey])
	if err != nil {
		w.Fatalf("%s: the serving certificate: %v", w.what, err)
	}
	if err := leaf.CheckLeaf(w.now, ca.Cert, rules().Names); err != nil {
		w.Fatalf("%s: the serving certificate: %v", w.what, err)
	}
	for _, p := range w.providers() {
		if bundle := caBundle(p); bundle != string(authority.PEM(ca.Cert)) {
			w.Fatalf("%s: Provider %q has the caBundle %q", w.what, p.GetName(), bundle)
		}
	}
	for i, r := range w.replicas {
		if !r.silent && (r.serves == nil || !r.serves.Equal(leaf.Cert)) {
			w.Fatalf("%s: replica %d does not serve with the certificate of the Secret", w.what, i)
		}
	}
	for _, key := range []string{serving.NextKey, serving.NextKeyKy, serving.OldKey} {
		if _, left := secret.Data[key]; left {
			w.Fatalf("%s: the Secret still has %s", w.what, key)
		}
	}
}

func caBundle(p *unstructured.Unstructured) string {
	text, _, _ := unstructured.NestedString(p.Object, "spec", "caBundle")
	pem, _ := base64.StdEncoding.DecodeString(text)
	return string(pem)
}

// ca is the fingerprint of the CA in the Secret.
func (w *world) ca() string {
	pair, err := authority.Read(w.secret().Data[serving.CAKey], w.secret().Data[serving.CAKeyKey])
	if err != nil {
		return err.Error()
	}
	return authority.Fingerprint(pair.Cert)
}

// edit changes the Secret as somebody with kubectl would, and wakes the rotator.
func (w *world) edit(change func(data map[string][]byte, annotations map[string]string)) {
	secret := w.secret()
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	change(secret.Data, secret.Annotations)
	w.put(secret)
}

func (w *world) rotate() {
	w.edit(func(_ map[string][]byte, annotations map[string]string) { annotations[serving.RotateAnnotation] = "ca" })
}

// changes are events after which there is another CA.
func changes() map[string]func(*world) {
	edit := func(change func(data map[string][]byte, annotations map[string]string)) func(*world) {
		return func(w *world) { w.edit(change) }
	}
	return map[string]func(*world){
		"asked for": (*world).rotate,
		"the CA's key is damaged": edit(func(data map[string][]byte, _ map[string]string) {
			data[serving.CAKeyKey] = []byte("damaged")
		}),
		"the CA's key is another's": edit(func(data map[string][]byte, _ map[string]string) {
			other, _ := authority.NewCA(time.Now(), time.Hour)
			data[serving.CAKeyKey] = other.KeyPEM
		}),
		"the CA is another": edit(func(data map[string][]byte, _ map[string]string) {
			other, _ := authority.NewCA(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour)
			data[serving.CAKey], data[serving.CAKeyKey] = other.CertPEM, other.KeyPEM
		}),
		"the Secret is emptied": edit(func(data map[string][]byte, annotations map[string]string) {
			clear(data)
			clear(annotations)
		}),
		"the Secret loses all but its certificate": edit(func(data map[string][]byte, annotations map[string]string) {
			delete(data, serving.CAKey)
			delete(data, serving.CAKeyKey)
			clear(annotations)
		}),
	}
}

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

// Whatever makes a CA change necessary, no certificate that is served goes untrusted.
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
	for name, change := range map[string]func(w *world, data map[string][]byte){
		"damaged": func(_ *world, data map[string][]byte) { data[serving.CertKey] = []byte("damaged") },
		"gone":    func(_ *world, data map[string][]byte) { delete(data, serving.KeyKey) },
		"other names": func(w *world, data map[string][]byte) {
			ca, _ := authority.Read(data[serving.CAKey], data[serving.CAKeyKey])
			leaf, _ := ca.Issue(w.now, time.Minute, append(rules().Names, "more.example"))
			data[serving.CertKey], data[serving.KeyKey] = leaf.CertPEM, leaf.KeyPEM
		},
		"another CA's": func(w *world, data map[string][]byte) {
			ca, _ := authority.NewCA(w.now, time.Hour)
			leaf, _ := ca.Issue(w.now, time.Minute, rules().Names)
			data[serving.CertKey], data[serving.KeyKey] = leaf.CertPEM, leaf.KeyPEM
		},
	} {
		w := install(t, name)
		w.settled()
		before := w.ca()
		w.edit(func(data map[string][]byte, _ map[string]string) { change(w, data) })
		w.reconcile()
		w.seconds(60)
		w.good()
		if w.ca() != before {
			t.Errorf("%s: the CA has changed", name)
		}
	}
}

// An edited caBundle is written again at once, at every step.
func TestEditedProviders(t *testing.T) {
	t.Parallel()
	other, err := authority.NewCA(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "garbage", base64.StdEncoding.EncodeToString(other.CertPEM)} {
		for wait := range 70 {
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

// A Provider that is made, or made anew, while the CA changes is written at once.
func TestProvidersComeAndGo(t *testing.T) {
	t.Parallel()
	for wait := range 70 {
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

var _ controllers.Store = (*handle)(nil)
