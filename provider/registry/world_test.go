package registry_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// open opens registries with what a test cares about; the hosts with settings may be dialled.
// maxEnvelope is the bound on envelopes in these tests.
const maxEnvelope = 128 << 10

func open(t *testing.T, o registry.Options) *registry.Client {
	t.Helper()
	if o.Guard == nil {
		o.Guard = egress.NewGuard()
	}
	o.Signatures = cmp.Or(o.Signatures, 20)
	o.Envelope = cmp.Or(o.Envelope, maxEnvelope)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 20*time.Second)
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// settings are those of a registry of the rig: its CA, and nothing else that is not default.
func settings(t *testing.T, r *rig.Registry) config.Registry {
	t.Helper()
	return config.Registry{Host: r.Host, CAFile: write(t, "ca.pem", string(r.CAPEM())), Referrers: config.ReferrersAuto}
}

// write writes a file into a directory of its own and returns its path.
func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	overwrite(t, path, text)
	return path
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pinned is an image of the rig by its digest.
func pinned(i rig.Image) provider.Image { return tagged(i).At(i.Descriptor.Digest) }

// tagged is an image of the rig by its tag.
func tagged(i rig.Image) provider.Image {
	return provider.Image{Host: i.Registry.Host, Repository: i.Name(), Tag: i.Tag}
}

// listSignatures returns the first list that is not empty, host by host; what makes it incomplete is an error.
func listSignatures(ctx context.Context, from *registry.Repository, of ocispec.Descriptor) (list []ocispec.Descriptor, more bool, err error) {
	for found, err := range from.Signatures(ctx, of) {
		if err != nil || found.Incomplete != nil || found.More || len(found.Signatures) > 0 {
			return found.Signatures, found.More, errors.Join(err, found.Incomplete)
		}
	}
	return nil, false, nil
}

// fake is a server over TLS that does what a test tells it and writes down what it was asked.
type fake struct {
	*httptest.Server

	host string

	mu  sync.Mutex
	log []request
}

type request struct{ path, query, authorization string }

func newFake(t *testing.T, handler http.HandlerFunc) *fake {
	t.Helper()
	return newFakeAs(t, handler, tls.Certificate{})
}

// newFakeAs is a fake with another certificate than all others have.
func newFakeAs(t *testing.T, handler http.HandlerFunc, certificate tls.Certificate) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.log = append(f.log, request{r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization")})
		f.mu.Unlock()
		handler(w, r)
	}))
	f.EnableHTTP2 = true
	if certificate.Certificate != nil {
		f.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	f.StartTLS()
	f.host = f.Listener.Addr().String()
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// requests lists what came so far.
func (f *fake) requests() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.log...)
}

// ca is the certificate of every fake, as PEM.
func (f *fake) ca() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}))
}

func (f *fake) settings(t *testing.T) config.Registry {
	t.Helper()
	return config.Registry{Host: f.host, CAFile: write(t, "ca.pem", f.ca()), Referrers: config.ReferrersAuto}
}

const someDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// image is one of the fake's, of which nothing is known but its digest.
func (f *fake) image() provider.Image { return imageOf(f.host) }

func imageOf(host string) provider.Image {
	return provider.Image{Host: host, Repository: host + "/team/app", Digest: someDigest}
}

// dockerConfig is the text of a docker config with a username and a password for each key.
func dockerConfig(t *testing.T, accounts map[string]string) string {
	t.Helper()
	auths := map[string]any{}
	for key, account := range accounts {
		auths[key] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(account))}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// basic is the header that an account is sent in.
func basic(account string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(account))
}

// undecided is the error as ignorance, which must be fit for the wire.
func undecided(t *testing.T, err error, cause provider.Cause) *provider.UndecidedError {
	t.Helper()
	var u *provider.UndecidedError
	switch {
	case !errors.As(err, &u):
		t.Fatalf("no ignorance but %v", err)
	case u.Cause != cause:
		t.Errorf("cause %s, want %s: %v", u.Cause, cause, u)
	}
	wireable(t, fakeHosts.ReplaceAllString(u.Detail, "HOST"))
	return u
}

// fakeHosts are the hosts of fakes, which the configuration and the image name.
var fakeHosts = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

var leaks = regexp.MustCompile(`/|://|https?|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|127\.|localhost|robot|secret|Bearer|Basic|\n`)

// wireable fails on a line that tells more than the user may know.
func wireable(t *testing.T, detail string) {
	t.Helper()
	if found := leaks.FindString(detail); found != "" || strings.TrimSpace(detail) == "" || len(detail) > 200 {
		t.Errorf("%q holds %q", detail, found)
	}
}
