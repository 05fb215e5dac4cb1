package main

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// What keeps a revocation unknown is told once, with the address that was asked; the lines beneath do not repeat it.
func TestAnUnknownRevocationIsToldOnce(t *testing.T) {
	tests := []struct {
		name  string
		kind  rig.PKIOptions
		tells []string
	}{
		{"CRL", rig.PKIOptions{CRL: true}, []string{"the host of the revocation list answered 503"}},
		{"OCSP", rig.PKIOptions{OCSP: true}, []string{"the OCSP responder answered 503"}},
		{"both", rig.PKIOptions{CRL: true, OCSP: true}, []string{"the host of the revocation list answered 503", "the OCSP responder answered 503"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := newScene(t)
			other := c.NewPKI(tc.kind)
			trust := c.Trust(c.registry.Scope("*"))
			trust.Stores["ca:skao-oci"] = []*x509.Certificate{other.Root.Cert}
			config := fmt.Sprintf("registries: [{host: %q, caFile: registry.pem}]\negress: {allow: [%q]}\n", c.registry.Host, c.Endpoints.Host)
			file := filepath.Join(c.dir, "config.yaml")
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := trust.Write(c.dir); err != nil {
				t.Fatal(err)
			}
			c.Endpoints.Inject(rig.Match{}, rig.Status(503, nil))
			image := c.PushImage(c.registry, "production/a", "1")
			c.Sign(image, rig.Signature{By: other.Signer})
			root := newRoot()
			root.SetArgs([]string{"verify", "--config", file, image.Tagged()})
			var out, complaints bytes.Buffer
			if code := cli.Run(t.Context(), root, &out, &complaints); code != exitUndecided {
				t.Errorf("exit code %d, %s", code, &complaints)
			}
			for _, text := range append(tc.tells, "it is not known whether a certificate of its signing chain is revoked", "http://"+c.Endpoints.Host) {
				want := 1
				if strings.HasPrefix(text, "http") {
					want = len(tc.tells)
				}
				if got := strings.Count(out.String(), text); got != want {
					t.Errorf("%q is told %d times:\n%s", text, got, &out)
				}
			}
		})
	}
}
