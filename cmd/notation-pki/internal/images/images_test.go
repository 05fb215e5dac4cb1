package images_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/pflag"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
)

// open opens staging/a:1 of a registry over TLS that is nothing but the handler.
func open(t *testing.T, handler http.HandlerFunc) *images.Image {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	image, err := (&images.Options{CAFile: ca}).Open(strings.TrimPrefix(server.URL, "https://") + "/staging/a:1")
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// head answers what resolves an image.
func head(w http.ResponseWriter) {
	w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
	w.Header().Set("Docker-Content-Digest", digest.FromString("image").String())
	w.Header().Set("Content-Length", "5")
}

// lists answers the referrers API with n signatures.
func lists(w http.ResponseWriter, n int, annotation string) {
	index := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex}
	for i := range n {
		index.Manifests = append(index.Manifests, ocispec.Descriptor{
			MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString(fmt.Sprint(i)), Size: 1,
			ArtifactType: "application/vnd.cncf.notary.signature", Annotations: map[string]string{"a": annotation},
		})
	}
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_ = json.NewEncoder(w).Encode(index)
}

func TestARegistryIsToldWhoAsks(t *testing.T) {
	asked := ""
	image := open(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.UserAgent()
		head(w)
	})
	if _, err := image.Resolve(t.Context()); err != nil || asked != "notation-pki" {
		t.Errorf("error %v, User-Agent %q", err, asked)
	}
}

func TestTheFirstAnswerStays(t *testing.T) {
	asked := 0
	image := open(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		head(w)
	})
	if before := image.Pinned(); !strings.HasSuffix(before, "/staging/a:1") {
		t.Errorf("pinned before anybody was asked: %s", before)
	}
	for range 2 {
		if _, err := image.Resolve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if want := "/staging/a@" + digest.FromString("image").String(); asked != 1 || !strings.HasSuffix(image.Pinned(), want) {
		t.Errorf("asked %d times, pinned %s", asked, image.Pinned())
	}
}

func TestNoRedirectLeadsOutOfTLS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { head(w) }))
	t.Cleanup(plain.Close)
	image := open(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if found, err := image.Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "from TLS to plain text") {
		t.Errorf("error %v, found %v", err, found)
	}
}

func TestRedirectsEnd(t *testing.T) {
	image := open(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	if _, err := image.Resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 5 redirects") {
		t.Errorf("error %v", err)
	}
}

func TestAListThatIsTooLongIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		list func(http.ResponseWriter)
	}{
		{"in number", func(w http.ResponseWriter) { lists(w, 1001, "") }},
		{"in its one", func(w http.ResponseWriter) { lists(w, 1, strings.Repeat("x", 5<<20)) }},
		{"page upon page", func(w http.ResponseWriter) { w.Header().Set("Link", `<?more>; rel="next"`); lists(w, 1, "") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := 0
			image := open(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					head(w)
					return
				}
				asked++
				tc.list(w)
			})
			if all, err := image.Manifests(t.Context()); err == nil || asked > 20 {
				t.Errorf("took %d, asked %d times, error %v", len(all), asked, err)
			}
		})
	}
}

func TestAnAnswerThatIsTooLongIsCut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 32<<20+1))
	}))
	t.Cleanup(server.Close)
	response, err := images.NewClient(0).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); n != 32<<20 || err == nil {
		t.Errorf("read %d, error %v", n, err)
	}
}

func TestAPasswordGoesToTheImagesRegistryOnly(t *testing.T) {
	t.Setenv("NOTATION_USERNAME", "robot")
	t.Setenv("NOTATION_PASSWORD", "secret")
	asked, leaked := 0, ""
	private := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		leaked += r.Header.Get("Authorization")
		private(w)
	}))
	t.Cleanup(other.Close)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			private(w)
			return
		}
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(registry.Close)
	image, err := (&images.Options{PlainHTTPUnsafe: true}).Open(strings.TrimPrefix(registry.URL, "http://") + "/staging/a:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := image.Resolve(t.Context()); err == nil || asked == 0 || leaked != "" {
		t.Errorf("error %v, asked %d times, leaked %q", err, asked, leaked)
	}
}

func TestTheWayToListIsOneOfThree(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	options := images.AddFlags(flags)
	if options.Referrers != images.Auto || options.Timeout != images.DefaultTimeout {
		t.Errorf("default %+v", options)
	}
	for _, tc := range []struct {
		way string
		ok  bool
	}{{"auto", true}, {"api", true}, {"tag", true}, {"both", false}, {"", false}} {
		if err := flags.Set("referrers", tc.way); (err == nil) != tc.ok {
			t.Errorf("%q: error %v", tc.way, err)
		}
	}
}

// The account is found by the host that a key means, and one of several challenges is met.
func TestAnAccountIsFoundAndUsed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "secret" {
			head(w)
			return
		}
		w.Header()["Www-Authenticate"] = []string{"Negotiate", `NTLM, Basic realm="x"`}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct{ name, config, want string }{
		{"another spelling", `{"auths":{"HTTP://` + host + `/v1/":{"auth":"cm9ib3Q6c2VjcmV0"},"*.test":{"auth":"!"}}}`, ""},
		{"two that differ", `{"auths":{"` + host + `/a":{"auth":"cm9ib3Q6c2VjcmV0"},"` + host + `/b":{"auth":"Yzpk"}}}`, "are for one host and differ"},
		{"another host's", `{"auths":{"harbor.test":{"auth":"cm9ib3Q6c2VjcmV0"}}}`, "docker login " + host},
		{"no docker config", ``, "docker login " + host},
		{"a helper not here", `{"credHelpers":{"` + host + `":"there-is-none"}}`, `the program "docker-credential-there-is-none" is not on the PATH`},
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, []byte(c.config), 0o600); err != nil {
			t.Fatal(err)
		}
		image, err := (&images.Options{PlainHTTPUnsafe: true, DockerConfig: path}).Open(host + "/staging/a:1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = image.Resolve(t.Context())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || strings.Contains(fmt.Sprint(err), "cm9") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
