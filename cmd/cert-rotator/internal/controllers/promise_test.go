package controllers_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"time"
)

// check is the promise: Gatekeeper trusts every certificate that a replica serves with, or may.
func (w *world) check() {
	if w.lenient {
		return
	}
	for i, r := range w.replicas {
		if r.serves == nil || r.silent && w.now.After(r.serves.NotAfter) {
			continue
		}
		if w.now.After(r.serves.NotAfter) {
			w.Fatalf("%s: after %s: replica %d serves with a certificate that has expired", w.what, w.now.Sub(w.start), i)
		}
		w.checkCert(fmt.Sprintf("replica %d serves", i), r.serves)
	}
	w.past = slices.DeleteFunc(w.past, func(p past) bool { return w.now.Sub(p.until) > stale })
	for _, p := range w.past {
		w.checkCert("a replica that starts may serve", p.cert)
	}
}

func (w *world) checkCert(who string, cert *x509.Certificate) {
	for j, g := range w.gatekeepers {
		for name, bundle := range g.trusts {
			if err := w.trusted(cert, bundle); err != nil && bundle != "" {
				w.Fatalf("%s: after %s, at step %q: %s with a certificate that replica %d of Gatekeeper does not trust by Provider %q: %v",
					w.what, w.now.Sub(w.start), w.step(), who, j, name, err)
			}
		}
	}
}

// trusted verifies as Gatekeeper does. Times are not looked at here.
func (w *world) trusted(leaf *x509.Certificate, bundle string) error {
	key := string(leaf.Raw) + bundle
	if err, known := w.checked[key]; known {
		return err
	}
	pem, err := base64.StdEncoding.DecodeString(bundle)
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("no certificate in %q", pem)
	}
	if err == nil {
		_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: leaf.NotBefore.Add(time.Second), DNSName: rules().Names[0]})
	}
	w.checked[key] = err
	return err
}
