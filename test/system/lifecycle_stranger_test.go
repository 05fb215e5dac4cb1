package system

import (
	"crypto/tls"
	"errors"
	"net/http"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestStrangersGetNoAnswerWhileOthersDo(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	issue := func(by func(ca.Options) (*ca.Identity, error), o ca.Options) *ca.Identity {
		t.Helper()
		id, err := by(o)
		expect.OK(t, err)
		return id
	}
	named := ca.Options{DNSNames: []string{rig.GatekeeperName}}
	expired := named
	expired.NotBefore, expired.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	otherCA, err := ca.NewRoot(ca.Options{Subject: l.ClientCA.Cert.Subject})
	expect.OK(t, err)
	// An issuer older than the certificate that has expired.
	old, err := ca.NewRoot(ca.Options{NotBefore: time.Now().Add(-24 * time.Hour)})
	expect.OK(t, err)
	write(t, l.file("ca.crt"), ca.EncodeCertificates(l.ClientCA.Cert, old.Cert))
	tls12 := l.secured(l.ClientCert)
	tls12.MaxVersion = tls.VersionTLS12

	welcome := []struct {
		name   string
		config *tls.Config
	}{
		{"Gatekeeper", l.secured(l.ClientCert)},
		{"the CA of who has expired", l.secured(issue(old.Client, named))},
		{"one whose purpose is a client", l.secured(issue(l.ClientCA.Client, named))},
	}
	come := func(t *testing.T) {
		for _, tc := range welcome {
			rig.Eventually(t, tc.name+" is answered", func() error {
				status, _, err := l.enter(t, tc.config, question(about("none!")))
				if err == nil && status != http.StatusOK {
					return errors.New(http.StatusText(status))
				}
				return err
			})
		}
	}
	come(t)
	for _, tc := range []struct {
		name   string
		config *tls.Config
	}{
		{"no certificate", l.secured(nil)},
		{"another CA of the same name", l.secured(issue(otherCA.Peer, named))},
		{"its own CA", l.secured(issue(ca.SelfSigned, named))},
		{"another name", l.secured(issue(l.ClientCA.Peer, ca.Options{DNSNames: []string{"x." + rig.GatekeeperName}}))},
		{"no name", l.secured(issue(l.ClientCA.Peer, ca.Options{}))},
		{"no client usage", l.secured(issue(l.ClientCA.Server, named))},
		{"a signer's usage", l.secured(issue(l.ClientCA.Signer, named))},
		{"expired", l.secured(issue(old.Client, expired))},
		{"not yet valid", l.secured(issue(l.ClientCA.Client, ca.Options{DNSNames: named.DNSNames, NotBefore: time.Now().Add(time.Hour)}))},
		{"the server's own", l.secured(l.ServerCert)},
		{"TLS 1.2", tls12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if status, _, err := l.enter(t, tc.config, question(about("none!"))); err == nil || timedOut(err) {
				t.Errorf("status %d, error %v", status, err)
			}
			l.askers.more(t)
		})
	}
	come(t)
}
