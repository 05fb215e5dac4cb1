package controllers_test

import (
	"encoding/base64"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
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

// good checks that the Secret holds one CA with a certificate. All replicas serve with it, and the
// Providers trust it and nothing else.
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
