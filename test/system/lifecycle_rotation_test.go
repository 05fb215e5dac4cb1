package system

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// rotation is a file, its next version, and how to tell that the next version is in force.
type rotation struct {
	source  string // as readiness and metrics call it
	file    string // below the server's directory
	beside  map[string][]byte
	named   string // how readiness names it
	next    []byte
	missing func(t *testing.T) error
}

func TestEachFileIsRotatedWellAndBadlyUnderLoad(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	otherCA, err := ca.NewRoot(ca.Options{})
	expect.OK(t, err)
	// A registry whose CA is not known at first, and one whose password is not.
	foreign := w.Registry(rig.RegistryOptions{CA: otherCA})
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	var credentials []byte
	l := start(t, w, options{registries: []*rig.Registry{foreign, private}, prepare: func(dir string) {
		write(t, filepath.Join(dir, "registry-2.crt"), ca.EncodeCertificates(w.RegistryCA.Cert))
		credentials = read(t, filepath.Join(dir, "docker.json"))
		write(t, filepath.Join(dir, "docker.json"), []byte(`{"auths":{}}`))
	}})
	for _, tc := range []struct {
		name string
		r    rotation
	}{
		{"serving certificate", l.servingCertificate(t)},
		{"client CA", l.clientCA(t)},
		{"trust policy", l.trustPolicy(t)},
		{"trust store", l.trustStore(t)},
		{"registry CA", rotation{source: "registries", file: "registry-2.crt", named: "registry-2.crt", next: foreign.CAPEM(), missing: l.canVerifyAt(foreign)}},
		{"docker config", rotation{source: "registries", file: "docker.json", named: "docker.json", next: credentials, missing: l.canVerifyAt(private)}},
	} {
		t.Run(tc.name, func(t *testing.T) { l.rotate(t, tc.r) })
	}
}

// rotate writes the next version, and others that are broken before and after it.
func (l *life) rotate(t *testing.T, r rotation) {
	old := read(t, l.file(r.file))
	if r.missing(t) == nil {
		t.Fatal("the next version is in force before it is written")
	}
	l.breaks(t, r)
	if r.missing(t) == nil {
		t.Error("a broken file did what only the next version may do")
	}
	write(t, l.file(r.file), old)
	l.heals(t)

	for name, content := range r.beside {
		write(t, l.file(name), content)
	}
	write(t, l.file(r.file), r.next)
	rig.Eventually(t, "the next version is in force", func() error { return r.missing(t) })
	l.heals(t)

	l.breaks(t, r)
	if err := r.missing(t); err != nil {
		t.Errorf("a broken file took away what was in force: %v", err)
	}
	write(t, l.file(r.file), r.next)
	l.heals(t)
}

// breaks spoils the file in several ways. Readiness and the metric say so, and the load notices nothing.
func (l *life) breaks(t *testing.T, r rotation) {
	t.Helper()
	series := fmt.Sprintf("notation_provider_reload_failing{source=%q}", r.source)
	for _, bad := range [][]byte{r.next[:len(r.next)*9/10], []byte("junk"), nil} {
		write(t, l.file(r.file), bad)
		rig.Eventually(t, "the metric says that the file is broken", func() error {
			if l.metric(t, series) != 1 {
				return errors.New(series + " is not 1")
			}
			return nil
		})
		status, text := l.admin(t, "/readyz")
		if status != http.StatusOK || !strings.HasPrefix(text, "ok\nreload failing since ") || !strings.Contains(text, ": "+r.source+": ") || !strings.Contains(text, r.named) {
			t.Errorf("%.10q: readiness is %d %q", bad, status, text)
		}
		l.askers.more(t)
	}
}

// heals waits until readiness and metrics have nothing to say of any file.
func (l *life) heals(t *testing.T) {
	t.Helper()
	rig.Eventually(t, "readiness and metrics tell of no broken file", func() error {
		if status, text := l.admin(t, "/readyz"); status != http.StatusOK || text != "ok\n" {
			return fmt.Errorf("readiness is %d %q", status, text)
		}
		for _, source := range []string{"configuration", "trust", "registries", "serving-certificate", "client-ca"} {
			if l.metric(t, fmt.Sprintf("notation_provider_reload_failing{source=%q}", source)) != 0 {
				return errors.New(source + " is failing by the metric")
			}
		}
		return nil
	})
	l.askers.more(t)
}

func (l *life) servingCertificate(t *testing.T) rotation {
	next, err := l.ServerCA.Server(ca.Options{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	expect.OK(t, err)
	key, err := ca.EncodeKey(next.Key)
	expect.OK(t, err)
	return rotation{
		source: "serving-certificate", file: "tls.crt", named: "tls.crt", next: ca.EncodeCertificates(next.Cert), beside: map[string][]byte{"tls.key": key},
		missing: func(t *testing.T) error {
			status, shown, err := l.enter(t, l.secured(l.ClientCert), question(about("none!")))
			if err != nil || status != http.StatusOK || !shown.Equal(next.Cert) {
				return fmt.Errorf("status %d, error %w, and the certificate is the next one: %v", status, err, shown.Equal(next.Cert))
			}
			return nil
		},
	}
}

func (l *life) clientCA(t *testing.T) rotation {
	issuer, err := ca.NewRoot(ca.Options{})
	expect.OK(t, err)
	client, err := issuer.Peer(ca.Options{DNSNames: []string{rig.GatekeeperName}})
	expect.OK(t, err)
	return rotation{
		source: "client-ca", file: "ca.crt", named: "ca.crt", next: ca.EncodeCertificates(issuer.Cert, l.ClientCA.Cert),
		missing: func(t *testing.T) error {
			status, _, err := l.enter(t, l.secured(client), question(about("none!")))
			if err == nil && status != http.StatusOK {
				return fmt.Errorf("status %d", status)
			}
			return err
		},
	}
}

func (l *life) trustPolicy(t *testing.T) rotation {
	image := l.PushImage(l.home, "more", "1")
	l.Sign(image, rig.Signature{})
	var document map[string]any
	expect.OK(t, json.Unmarshal(read(t, l.file("trustpolicy.json")), &document))
	statement := document["trustPolicies"].([]any)[0].(map[string]any)
	statement["registryScopes"] = append(statement["registryScopes"].([]any), l.home.Scope("more"))
	next, err := json.Marshal(document)
	expect.OK(t, err)
	return rotation{source: "trust", file: "trustpolicy.json", named: "trustpolicy.json", next: next, missing: func(t *testing.T) error { return l.notVerified(t, image) }}
}

func (l *life) trustStore(t *testing.T) rotation {
	others := l.NewPKI(rig.PKIOptions{Organization: "Others"})
	image := l.PushImage(l.home, "production/fresh", "theirs")
	l.Sign(image, rig.Signature{By: others.Signer})
	name := filepath.Join("truststore", "x509", "ca", "skao-oci", "1.pem")
	next := bytes.Join([][]byte{read(t, l.file(name)), ca.EncodeCertificates(others.Root.Cert)}, nil)
	return rotation{source: "trust", file: name, named: "ca:skao-oci", next: next, missing: func(t *testing.T) error { return l.notVerified(t, image) }}
}

// canVerifyAt tells whether an image of a registry can be verified that the server has not heard of.
func (l *life) canVerifyAt(r *rig.Registry) func(t *testing.T) error {
	return func(t *testing.T) error {
		image := l.PushImage(r, "production/fresh", "latest")
		l.Sign(image, rig.Signature{})
		return l.notVerified(t, image)
	}
}

// notVerified asks about the image, and says what came back unless it is verified.
func (l *life) notVerified(t *testing.T, image rig.Image) error {
	t.Helper()
	answer, err := l.askers.asker.Validate(t.Context(), image.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	if item := answer.Items[image.Pinned()]; answer.SystemError != "" || item.Error != "" || item.Value == nil {
		return fmt.Errorf("answer %+v", answer)
	}
	return nil
}
