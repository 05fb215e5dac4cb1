package server_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/server"
)

// put writes a file and returns its path.
func put(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const service = "notation-provider.notation-provider.svc"

// A serving certificate that Gatekeeper would refuse, or that ends soon, is warned of.
func TestServingCertificateWarnings(t *testing.T) {
	named := func(names ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames, c.NotAfter = names, time.Now().AddDate(1, 0, 0) }
	}
	for _, c := range []struct {
		name string
		edit []func(*x509.Certificate)
		host string
		want []string
	}{
		{"good", []func(*x509.Certificate){named(service)}, "", nil},
		{"of the host", []func(*x509.Certificate){named(service)}, service, nil},
		{"of a long name", []func(*x509.Certificate){named(service + ".cluster.local")}, "", nil},
		{"of an address", []func(*x509.Certificate){named()}, "127.0.0.1", nil},
		{"of no service", []func(*x509.Certificate){named("x")}, "", []string{"is for x, 127.0.0.1, and for no Kubernetes service"}},
		{"of another host", []func(*x509.Certificate){named(service)}, "other.example.org", []string{"and not for \"other.example.org\""}},
		{"for clients", []func(*x509.Certificate){named(service), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }}, "", []string{"is not for server authentication"}},
		{"for any use", []func(*x509.Certificate){named(service), func(c *x509.Certificate) { c.ExtKeyUsage = nil }}, "", nil},
		{"without a name", []func(*x509.Certificate){named(), func(c *x509.Certificate) { c.IPAddresses = nil }}, service, []string{"has no subject alternative name"}},
		{"that ends soon", []func(*x509.Certificate){named(service), func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, 29) }}, "", []string{"ends on "}},
		{"wrong in all ways", []func(*x509.Certificate){func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }}, "x", []string{"not for server authentication", "not for \"x\"", "ends on "}},
	} {
		issued := newAuthority(t, "ca").server(t, c.edit...)
		identity, err := server.LoadIdentity(put(t, "tls.crt", issued.certPEM), put(t, "tls.key", issued.keyPEM))
		if err != nil {
			t.Fatal(err)
		}
		sameWarnings(t, c.name, identity.Warnings(c.host, time.Now()), c.want)
	}
}

func TestClientCAWarnings(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, c := range []struct {
		name string
		file []byte
		now  time.Time
		want []string
	}{
		{"good", ca.pem(), time.Now().AddDate(0, -2, 0), nil},
		{"that ends soon", ca.pem(), time.Now(), []string{"the client-ca certificate \"CN=ca\" ends on "}},
		{"no CA", ca.client(t, func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(1, 0, 0) }).certPEM, time.Now(), []string{"the certificate of no CA"}},
	} {
		clients, err := server.LoadClientCA(put(t, "ca.crt", c.file))
		if err != nil {
			t.Fatal(err)
		}
		sameWarnings(t, c.name, clients.Warnings(c.now), c.want)
	}
}

func sameWarnings(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: warned of %q; want %q", name, got, want)
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("%s: warned of %q; want %q", name, got[i], want[i])
		}
	}
}
