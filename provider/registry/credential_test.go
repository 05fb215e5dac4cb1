package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestACredentialIsForItsExactHost(t *testing.T) {
	for _, c := range []struct {
		key, host string
		found     bool
	}{
		{"harbor.skao.int", "harbor.skao.int", true},
		{"harbor.skao.int:8443", "harbor.skao.int:8443", true},
		{"https://harbor.skao.int/v1/", "harbor.skao.int", true}, // as old dockers wrote it
		{"https://index.docker.io/v1/", "registry-1.docker.io", true},
		{"harbor.skao.int", "harbor.skao.int:8443", false},
		{"harbor.skao.int:8443", "harbor.skao.int", false},
		{"harbor.skao.int", "harbor.skao.int.evil.org", false},
		{"harbor.skao.int", "evil-harbor.skao.int", false},
		{"harbor.skao.int", "harbor-skao.int", false},
		{"harbor.skao.int", "skao.int", false},
		{"harbor.skao.int", "", false},
		{"skao.int", "harbor.skao.int", false},
		{"*.skao.int", "harbor.skao.int", false},
		{"https://evil.org/harbor.skao.int", "harbor.skao.int", false},
		{"https://index.docker.io/v1/", "index.docker.io.evil.org", false},
		{"harbor.skao.int", "registry-1.docker.io", false},
	} {
		r := open(t, registry.Options{DockerConfigs: []string{write(t, "config.json", dockerConfig(t, map[string]string{c.key: "robot:secret"}))}})
		credential, err := r.Credential(t.Context(), c.host)
		if err != nil || (credential.Password == "secret") != c.found {
			t.Errorf("the credential of %q for %q: %v, %v", c.key, c.host, credential.Password != "", err)
		}
	}
}

func TestTheFirstDockerConfigWithTheHostWins(t *testing.T) {
	r := open(t, registry.Options{DockerConfigs: []string{
		write(t, "1.json", dockerConfig(t, map[string]string{"a": "robot:first"})),
		write(t, "2.json", dockerConfig(t, map[string]string{"a": "robot:second", "b": "robot:second"})),
		write(t, "3.json", dockerConfig(t, map[string]string{"b": "robot:third", "c": "robot:third"})),
	}})
	for host, want := range map[string]string{"a": "first", "b": "second", "c": "third", "d": ""} {
		if got, err := r.Credential(t.Context(), host); err != nil || got.Password != want {
			t.Errorf("%s: %q, %v", host, got.Password, err)
		}
	}
}

// challenge is a registry's 401.
func challenge(w http.ResponseWriter, scheme string) {
	w.Header().Set("WWW-Authenticate", scheme)
	w.WriteHeader(http.StatusUnauthorized)
}

// askAll makes every kind of request that a registry gets.
func askAll(t *testing.T, r *registry.Registries, image provider.Image) {
	t.Helper()
	for name, ask := range questions(r, image) {
		if err := ask(t.Context()); err == nil && name != "signatures" {
			t.Errorf("%s: an answer, though there is none", name)
		}
	}
}

func TestNoCredentialReachesAnotherHost(t *testing.T) {
	// The recorder is a host that we hold credentials for, and credentials for all the others too: none of them may come.
	recorder := newFake(t, func(w http.ResponseWriter, _ *http.Request) { challenge(w, `Basic realm="more"`) })
	elsewhere := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" && strings.HasPrefix(r.URL.Path, "/v2/") {
				challenge(w, `Basic realm="mine"`)
				return
			}
			http.Redirect(w, r, recorder.URL+r.URL.Path, status)
		}
	}
	tokens := func(handler func(w http.ResponseWriter, r *http.Request, self string)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { handler(w, r, "https://"+r.Host) }
	}
	for name, c := range map[string]struct {
		registry http.HandlerFunc
		account  bool // whether the registry has one
		others   int  // requests the recorder must have had, at least
	}{
		"a redirect":           {elsewhere(http.StatusTemporaryRedirect), true, 1},
		"a permanent redirect": {elsewhere(http.StatusPermanentRedirect), true, 1},
		"a realm that is not the registry's": {func(w http.ResponseWriter, _ *http.Request) {
			challenge(w, `Bearer realm="`+recorder.URL+`/token",service="s"`)
		}, false, 1},
		"a token service that sends us on": {tokens(func(w http.ResponseWriter, r *http.Request, self string) {
			if r.URL.Path == "/token" {
				http.Redirect(w, r, recorder.URL+"/token", http.StatusTemporaryRedirect)
				return
			}
			challenge(w, `Bearer realm="`+self+`/token",service="s"`)
		}), true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(recorder.requests())
			hostile := newFake(t, c.registry)
			accounts := map[string]string{recorder.host: "robot:recorder", "elsewhere.example": "robot:elsewhere"}
			if c.account {
				accounts[hostile.host] = "robot:hostile"
			}
			r := open(t, registry.Options{
				Registries:    []config.Registry{hostile.settings(t), recorder.settings(t)},
				DockerConfigs: []string{write(t, "config.json", dockerConfig(t, accounts))},
				Guard:         egress.NewGuard(hostile.host, recorder.host),
			})
			askAll(t, r, hostile.image())
			seen := recorder.requests()[before:]
			if len(seen) < c.others {
				t.Error("the recorder was not asked, so nothing is shown")
			}
			for _, request := range seen {
				if request.authorization != "" {
					t.Errorf("%s brought %s", request.path, request.authorization)
				}
			}
			for _, request := range hostile.requests() {
				if request.authorization != "" && request.authorization != basic("robot:hostile") {
					t.Errorf("the registry itself got %s", request.authorization)
				}
			}
		})
	}
}

func TestTheSameServerByAnotherNameGetsNoCredential(t *testing.T) {
	w := rig.ForTest(t)
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	image := w.PushImage(private, "production/a", "1")
	renamed := settings(t, private)
	renamed.Host = strings.Replace(private.Host, "127.0.0.1", "localhost", 1)
	r := open(t, registry.Options{
		Registries:    []config.Registry{settings(t, private), renamed},
		DockerConfigs: []string{w.WriteDockerConfig(private)},
	})
	if _, err := r.Resolve(t.Context(), pinned(image)); err != nil {
		t.Fatal(err)
	}
	private.Forget()
	other := provider.Image{Host: renamed.Host, Repository: renamed.Host + "/production/a", Digest: image.Descriptor.Digest}
	_, err := r.Resolve(t.Context(), other)
	if u := undecided(t, err, provider.StageCredentials); !strings.Contains(u.Detail, "none are configured") {
		t.Error(u.Detail)
	}
	if requests := private.Requests(); len(requests) != 1 || requests[0].Authorization != "" {
		t.Errorf("%+v", requests)
	}
}

func TestATokenServiceElsewhereGetsTheCredentialOnlyWhereTheConfigurationSaysSo(t *testing.T) {
	service := newFake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"opaque"}`) })
	asking := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer opaque" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		challenge(w, `Bearer realm="`+service.URL+`/token",service="s"`)
	})
	account := write(t, "config.json", dockerConfig(t, map[string]string{asking.host: "robot:asking", service.host: "robot:service"}))

	closed := open(t, registry.Options{Registries: []config.Registry{asking.settings(t)}, DockerConfigs: []string{account}})
	_, err := closed.Resolve(t.Context(), asking.image())
	if u := undecided(t, err, provider.StageRegistry); !strings.Contains(u.Detail, "tokenService") {
		t.Error(u.Detail)
	}
	if got := service.requests(); len(got) != 0 {
		t.Fatalf("a private address was dialled, though nobody named it: %+v", got)
	}

	unnamed := open(t, registry.Options{
		Registries: []config.Registry{asking.settings(t)}, DockerConfigs: []string{account},
		Guard: egress.NewGuard(asking.host, service.host),
	})
	_, err = unnamed.Resolve(t.Context(), asking.image())
	if u := undecided(t, err, provider.StageRegistry); !strings.Contains(u.Detail, "tokenService") {
		t.Error(u.Detail)
	}
	if got := service.requests(); len(got) != 0 {
		t.Fatalf("a host that the configuration does not name got %+v", got)
	}

	named := asking.settings(t)
	named.TokenService = service.host
	opened := open(t, registry.Options{Registries: []config.Registry{named}, DockerConfigs: []string{account}})
	if _, err := opened.Resolve(t.Context(), asking.image()); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
	got := service.requests()
	if len(got) != 1 || got[0].authorization != basic("robot:asking") {
		t.Errorf("the token service was asked %+v", got)
	}
}

// The library would block token services on loopback, whatever we allow, unless the registry has the same name.
func TestWhereATokenServiceMayBeIsForTheGuardToSay(t *testing.T) {
	service := newFake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"opaque"}`) })
	asking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer opaque" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		challenge(w, `Bearer realm="`+service.URL+`/token",service="s"`)
	}))
	defer asking.Close()
	host := strings.Replace(asking.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	own := config.Registry{Host: host, PlainHTTPUnsafe: true, CAFile: write(t, "ca.pem", service.ca())}
	r := open(t, registry.Options{Registries: []config.Registry{own}, Guard: egress.NewGuard(host, service.host)})
	if _, err := r.Resolve(t.Context(), imageOf(host)); !errors.Is(err, provider.ErrNotFound) {
		t.Error(err)
	}
}

// helper makes a docker credential helper of the name: it answers what it is told, and fails where that is nothing.
func helper(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// known answers for the one host that is asked for on standard input, as helpers do.
const known = `read host
case "$host" in
  HOST) echo '{"Username":"robot","Secret":"helped"}';;
  *) echo "credentials not found in native keychain"; exit 1;;
esac
`

func TestACredentialHelperIsAsked(t *testing.T) {
	for form, text := range map[string]string{
		"credHelpers": `{"credHelpers":{"harbor.skao.int":"rig"}}`,
		"credsStore":  `{"credsStore":"rig"}`,
	} {
		t.Run(form, func(t *testing.T) {
			helper(t, "rig", strings.Replace(known, "HOST", "harbor.skao.int", 1))
			r := open(t, registry.Options{DockerConfigs: []string{
				write(t, "1.json", text),
				write(t, "2.json", dockerConfig(t, map[string]string{"other.example": "robot:second", "harbor.skao.int": "robot:second"})),
			}})
			for host, want := range map[string]string{"harbor.skao.int": "helped", "other.example": "second", "harbor.skao.int.evil.org": ""} {
				if got, err := r.Credential(t.Context(), host); err != nil || got.Password != want {
					t.Errorf("%s: %q, %v", host, got.Password, err)
				}
			}
		})
	}
}

func TestACredentialThatCannotBeReadIsIgnoranceAndNobodyIsAskedWithoutIt(t *testing.T) {
	asked := newFake(t, func(w http.ResponseWriter, _ *http.Request) { challenge(w, `Basic realm="mine"`) })
	helper(t, "broken", "echo 'secret vault at https://127.0.0.1/v1 is sealed'; exit 3\n")
	for name, text := range map[string]string{
		"a helper that fails":     `{"credHelpers":{"` + asked.host + `":"broken"}}`,
		"a store that fails":      `{"credsStore":"broken"}`,
		"a helper that is absent": `{"credsStore":"there-is-none"}`,
		"an auth that is none":    `{"auths":{"` + asked.host + `":{"auth":"!"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, registry.Options{
				Registries: []config.Registry{asked.settings(t)},
				DockerConfigs: []string{
					write(t, "1.json", text),
					write(t, "2.json", dockerConfig(t, map[string]string{asked.host: "robot:second"})),
				},
			})
			before := len(asked.requests())
			_, err := r.Resolve(t.Context(), asked.image())
			undecided(t, err, provider.StageCredentials)
			if seen := asked.requests()[before:]; len(seen) != 1 || seen[0].authorization != "" {
				t.Errorf("%+v", seen)
			}
		})
	}
}

func TestABrokenAuthIsNotRepeatedInTheLog(t *testing.T) {
	r := open(t, registry.Options{DockerConfigs: []string{write(t, "config.json", dockerConfig(t, map[string]string{"a": "a-token-and-no-colon"}))}})
	_, err := r.Credential(t.Context(), "a")
	if u := undecided(t, err, provider.StageCredentials); strings.Contains(u.Error(), "a-token") {
		t.Errorf("the log would read: %v", u)
	}
}

func TestAFileThatCannotBeReadEndsTheStart(t *testing.T) {
	f := newFake(t, http.NotFound)
	missing, junk := filepath.Join(t.TempDir(), "missing"), write(t, "junk", "junk")
	for name, o := range map[string]registry.Options{
		"no docker config":     {DockerConfigs: []string{missing}},
		"a broken one":         {DockerConfigs: []string{junk}},
		"a directory":          {DockerConfigs: []string{t.TempDir()}},
		"no caFile":            {Registries: []config.Registry{{Host: f.host, CAFile: missing}}},
		"one without PEM":      {Registries: []config.Registry{{Host: f.host, CAFile: junk}}},
		"auths of wrong shape": {DockerConfigs: []string{write(t, "config.json", `{"auths":[]}`)}},
	} {
		if _, err := registry.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTwoEntriesForOneHostAreRefused(t *testing.T) {
	for name, keys := range map[string][]string{
		"paths":           {"harbor.test/alpha", "harbor.test/beta"},
		"a path and none": {"harbor.test", "harbor.test/alpha"},
		"a scheme":        {"harbor.test", "https://harbor.test/v1/"},
	} {
		accounts := map[string]string{}
		for _, key := range keys {
			accounts[key] = "robot:" + key
		}
		path := write(t, "config.json", dockerConfig(t, accounts))
		_, err := registry.New(registry.Options{DockerConfigs: []string{path}, Guard: egress.NewGuard()})
		if err == nil || !strings.Contains(err.Error(), "two entries under auths are for harbor.test") || strings.Contains(err.Error(), "robot") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
