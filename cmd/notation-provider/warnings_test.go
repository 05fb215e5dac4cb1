package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// A certificate that ends soon is warned of: of a registry's CA, of the evidence store's, and the one that we show to it.
func TestCertificatesThatEndSoonAreWarnedOf(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	write := func(name string, end time.Time) string {
		root, err := ca.NewRoot(ca.Options{NotAfter: end})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, ca.EncodeCertificates(root.Cert), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	soon, later := write("soon.pem", now.AddDate(0, 0, 20)), write("later.pem", now.AddDate(0, 0, 40))
	tests := []struct {
		name, registry, authority, client string
		want                              []string
	}{
		{"none soon", later, later, later, nil},
		{"a registry", soon, later, later, []string{"registry-ca"}},
		{"the store", later, soon, later, []string{"store-ca"}},
		{"our own", later, later, soon, []string{"store-client"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := config.Default()
			c.Registries = []config.Registry{{Host: "harbor.skao.int", CAFile: tc.registry}}
			c.Cache.Evidence.Store = config.StoreValkey
			c.Cache.Evidence.Valkey.TLS = config.ValkeyTLS{CAFile: tc.authority, ClientCertFile: tc.client}
			var got []string
			for _, warning := range endingSoon(otherCertificates(c, now)) {
				got = append(got, strings.Fields(strings.TrimPrefix(warning, "the "))[0])
			}
			if strings.Join(got, " ") != strings.Join(tc.want, " ") {
				t.Errorf("warns of %q, not %q", got, tc.want)
			}
		})
	}
}
