package signing_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// checked is what check says of a server's configuration and a Provider's url.
func checked(t *testing.T, p *rig.Provider, url string) string {
	t.Helper()
	check := exec.CommandContext(t.Context(), rig.Must(binaries.Command("notation-provider"))(t),
		"check", "--config", filepath.Join(p.Dir, "config.yaml"), "--provider-url", url)
	said, err := check.CombinedOutput()
	if err != nil {
		t.Fatalf("check: %v: %s", err, said)
	}
	return string(said)
}

// What notation-pki serving makes is all that mutual TLS needs. The server takes it and check has nothing against it. The
// client certificate is let in, and no request without one.
func TestTheServingCertificateServes(t *testing.T) {
	user := newCA(t)
	user.run("serving", "--host", "127.0.0.1", "--host", "verify.policy.svc", "--client", "gatekeeper.example.svc")
	w := rig.ForTest(t)
	p := w.Provider(rig.ProviderOptions{
		Binary: rig.Must(binaries.Command("notation-provider"))(t),
		Edit: func(c *config.Config) {
			c.TLS = config.TLS{
				CertFile: user.path("serving/tls.crt"), KeyFile: user.path("serving/tls.key"), ClientCAFile: user.path("serving/ca.crt"),
				ClientNames: []string{"gatekeeper.example.svc"},
			}
		},
	})
	for _, tc := range []struct {
		url  string
		fits bool
	}{{p.URL + "/validate", true}, {"https://verify.policy.svc:8443/validate", true}, {"https://other.policy.svc:8443/validate", false}} {
		if said := checked(t, p, tc.url); strings.Contains(said, "warning: the serving certificate") == tc.fits || strings.Contains(said, "warning: the client-ca") {
			t.Errorf("of %s it is said: %s", tc.url, said)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(rig.Must(os.ReadFile(user.path("serving/ca.crt")))(t))
	client := rig.Must(tls.LoadX509KeyPair(user.path("serving/client.crt"), user.path("serving/client.key")))(t)
	for _, tc := range []struct {
		name         string
		certificates []tls.Certificate
	}{{"client.crt", []tls.Certificate{client}}, {"none", nil}} {
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: tc.certificates}}}
		request := rig.Must(http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/validate", nil))(t)
		response, err := c.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if letIn := err == nil && response.StatusCode == http.StatusMethodNotAllowed; letIn != (tc.certificates != nil) {
			t.Errorf("with %s: %v %v", tc.name, response, err)
		}
	}
}
