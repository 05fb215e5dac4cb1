package registry_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// system is the one authority that the machine of these tests trusts.
var system *ca.CA

func TestMain(m *testing.M) {
	var err error
	if system, err = ca.NewRoot(ca.Options{}); err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "system-")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(folder, "system.pem")
	err = errors.Join(os.WriteFile(file, ca.EncodeCertificates(system.Cert), 0o600), os.Setenv("SSL_CERT_FILE", file), os.Setenv("SSL_CERT_DIR", folder))
	if err != nil {
		panic(err)
	}
	m.Run() // its exit code is that of the process
	_ = os.RemoveAll(folder)
}

// loopback is where servers of these tests are.
func loopback() ca.Options { return ca.Options{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}} }

// A registry's caFile counts beside the system's authorities: its downloads may come from
// storage with a public certificate. With caOnly it counts alone.
func TestACAFileCountsBesideTheSystems(t *testing.T) {
	id, err := system.Server(loopback())
	if err != nil {
		t.Fatal(err)
	}
	storage := newFakeAs(t, http.NotFound, id.TLS())
	private := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, storage.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	file := write(t, "ca.pem", private.ca())
	for _, c := range []struct {
		name       string
		host, file string
		only       bool
		want       error // nil for one that is not trusted
	}{
		{"private, redirects to public", private.host, file, false, provider.ErrNotFound},
		{"the same with caOnly", private.host, file, true, nil},
		{"private without a file", private.host, "", false, nil},
		{"public", storage.host, "", false, provider.ErrNotFound},
		{"public beside a file", storage.host, file, false, provider.ErrNotFound},
		{"public with caOnly", storage.host, file, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries := []config.Registry{{Host: c.host, CAFile: c.file, CAOnly: c.only}}
			if c.host != storage.host {
				entries = append(entries, config.Registry{Host: storage.host})
			}
			_, err := open(t, registry.Options{Registries: entries}).Resolve(t.Context(), imageOf(c.host))
			if c.want == nil {
				undecided(t, err, provider.CauseRegistry)
			} else if !errors.Is(err, c.want) {
				t.Error(err)
			}
		})
	}
}
