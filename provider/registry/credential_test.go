package registry_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	for _, tc := range []struct{ host, want string }{{"a", "first"}, {"b", "second"}, {"c", "third"}, {"d", ""}} {
		if got, err := r.Credential(t.Context(), tc.host); err != nil || got.Password != tc.want {
			t.Errorf("%s: %q, %v", tc.host, got.Password, err)
		}
	}
}

// challenge is a registry's 401.
func challenge(w http.ResponseWriter, scheme string) {
	w.Header().Set("WWW-Authenticate", scheme)
	w.WriteHeader(http.StatusUnauthorized)
}

// askAll makes every kind of request that a registry gets.
func askAll(t *testing.T, r *registry.Client, image provider.Image) {
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
	for _, c := range []struct {
		name     string
		registry http.HandlerFunc
		account  bool // whether the registry has one
		others   int  // requests the recorder must have had, at least
	}{
		{"a redirect", elsewhere(http.StatusTemporaryRedirect), true, 1},
		{"a permanent redirect", elsewhere(http.StatusPermanentRedirect), true, 1},
		{"a realm that is not the registry's", func(w http.ResponseWriter, _ *http.Request) {
			challenge(w, `Bearer realm="`+recorder.URL+`/token",service="s"`)
		}, false, 1},
		{"a token service that sends us on", tokens(func(w http.ResponseWriter, r *http.Request, self string) {
			if r.URL.Path == "/token" {
				http.Redirect(w, r, recorder.URL+"/token", http.StatusTemporaryRedirect)
				return
			}
			challenge(w, `Bearer realm="`+self+`/token",service="s"`)
		}), true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
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
	if u := undecided(t, err, provider.CauseCredentials); !strings.Contains(u.Detail, "none are configured") {
		t.Error(u.Detail)
	}
	if requests := private.Requests(); len(requests) != 1 || requests[0].Authorization != "" {
		t.Errorf("%+v", requests)
	}
}

// A token service elsewhere gets the credential only where the configuration says so.
func TestATokenServiceGetsTheCredentialIfConfigured(t *testing.T) {
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
	if u := undecided(t, err, provider.CauseRegistry); !strings.Contains(u.Detail, "tokenService") {
		t.Error(u.Detail)
	}
	if got := service.requests(); len(got) != 0 {
		t.Fatalf("a private address was dialled that was not named: %+v", got)
	}

	unnamed := open(t, registry.Options{
		Registries: []config.Registry{asking.settings(t)}, DockerConfigs: []string{account},
		Guard: egress.NewGuard(asking.host, service.host),
	})
	_, err = unnamed.Resolve(t.Context(), asking.image())
	if u := undecided(t, err, provider.CauseRegistry); !strings.Contains(u.Detail, "tokenService") {
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
	for _, tc := range []struct{ form, text string }{
		{"credHelpers", `{"credHelpers":{"harbor.skao.int":"rig"}}`},
		{"credsStore", `{"credsStore":"rig"}`},
	} {
		t.Run(tc.form, func(t *testing.T) {
			helper(t, "rig", strings.Replace(known, "HOST", "harbor.skao.int", 1))
			r := open(t, registry.Options{DockerConfigs: []string{
				write(t, "1.json", tc.text),
				write(t, "2.json", dockerConfig(t, map[string]string{"other.example": "robot:second", "harbor.skao.int": "robot:second"})),
			}})
			for _, test := range []struct{ host, want string }{{"harbor.skao.int", "helped"}, {"other.example", "second"}, {"harbor.skao.int.evil.org", ""}} {
				if got, err := r.Credential(t.Context(), test.host); err != nil || got.Password != test.want {
					t.Errorf("%s: %q, %v", test.host, got.Password, err)
				}
			}
		})
	}
}

// A credential that cannot be read leaves the image undecided: the registry is not asked without it.
func TestAnUnreadableCredentialIsUndecided(t *testing.T) {
	asked := newFake(t, func(w http.ResponseWriter, _ *http.Request) { challenge(w, `Basic realm="mine"`) })
	helper(t, "broken", "echo 'secret vault at https://127.0.0.1/v1 is sealed'; exit 3\n")
	for _, tc := range []struct{ name, text string }{
		{"a helper that fails", `{"credHelpers":{"` + asked.host + `":"broken"}}`},
		{"a store that fails", `{"credsStore":"broken"}`},
		{"a helper that is absent", `{"credHelpers":{"` + asked.host + `":"there-is-none"}}`},
		{"entries that differ", `{"auths":{"` + asked.host + `/a":{"auth":"YTpi"},"` + asked.host + `/b":{"auth":"Yzpk"}}}`},
		{"an auth that is none", `{"auths":{"` + asked.host + `":{"auth":"!"}}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := open(t, registry.Options{
				Registries: []config.Registry{asked.settings(t)},
				DockerConfigs: []string{
					write(t, "1.json", tc.text),
					write(t, "2.json", dockerConfig(t, map[string]string{asked.host: "robot:second"})),
				},
			})
			before := len(asked.requests())
			_, err := r.Resolve(t.Context(), asked.image())
			undecided(t, err, provider.CauseCredentials)
			if seen := asked.requests()[before:]; len(seen) != 1 || seen[0].authorization != "" {
				t.Errorf("%+v", seen)
			}
		})
	}
}

func TestAFileThatCannotBeReadEndsTheStart(t *testing.T) {
	f := newFake(t, http.NotFound)
	missing, junk := filepath.Join(t.TempDir(), "missing"), write(t, "junk", "junk")
	for _, tc := range []struct {
		name string
		o    registry.Options
	}{
		{"no docker config", registry.Options{DockerConfigs: []string{missing}}},
		{"a broken one", registry.Options{DockerConfigs: []string{junk}}},
		{"a directory", registry.Options{DockerConfigs: []string{t.TempDir()}}},
		{"no caFile", registry.Options{Registries: []config.Registry{{Host: f.host, CAFile: missing}}}},
		{"one without PEM", registry.Options{Registries: []config.Registry{{Host: f.host, CAFile: junk}}}},
		{"auths of wrong shape", registry.Options{DockerConfigs: []string{write(t, "config.json", `{"auths":[]}`)}}},
	} {
		if _, err := registry.New(tc.o); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
}

// An odd entry of a docker config concerns its host alone: the server starts, another host is served, and the cause names
// the odd one.
func TestAnOddEntryConcernsItsHostAlone(t *testing.T) {
	private := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != basic("robot:secret") {
			challenge(w, `Basic realm="mine"`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}
	odd, good := newFake(t, private), newFake(t, private)
	path := write(t, "config.json", `{"auths":{
		"https://index.docker.io/v1/":{},
		"https://index.docker.io/v1/access-token":{},
		"https://index.docker.io/v1/refresh-token":{},
		"`+odd.host+`":{"auth":"secret!"},
		"https://`+good.host+`/v1/":{"auth":"cm9ib3Q6c2VjcmV0"}}}`)
	var log strings.Builder
	r := open(t, registry.Options{
		Registries:    []config.Registry{odd.settings(t), good.settings(t)},
		DockerConfigs: []string{path},
		Log:           slog.New(slog.NewTextHandler(&log, nil)),
	})
	if _, err := r.Resolve(t.Context(), good.image()); !errors.Is(err, provider.ErrNotFound) {
		t.Errorf("the good host: %v", err)
	}
	_, err := r.Resolve(t.Context(), odd.image())
	if u := undecided(t, err, provider.CauseCredentials); !strings.Contains(u.Detail, "the credentials configured for "+odd.host+" cannot be read") ||
		!strings.Contains(u.Error(), path) || strings.Contains(u.Error(), "secret") {
		t.Error(u)
	}
	if !strings.Contains(log.String(), odd.host) || strings.Contains(log.String(), "secret") || len(r.Warnings()) != 2 {
		t.Errorf("warnings %q, log:\n%s", r.Warnings(), log.String())
	}
	log.Reset()
	overwrite(t, path, `{"auths":{"*.skao.int":{"auth":"cm9ib3Q6c2VjcmV0"}}}`)
	if changed, err := r.Reload(); !changed || err != nil || strings.Count(log.String(), "can never match") != 1 {
		t.Errorf("reloaded %t, %v, log:\n%s", changed, err, log.String())
	}
}

// A registry that offers several ways to log in is asked in one that is known, and its credential goes no further.
func TestSeveralChallengesAreMet(t *testing.T) {
	service := newFake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"opaque"}`) })
	for _, c := range []struct {
		name       string
		challenges []string
		want       string
	}{
		{"in two headers", []string{"Negotiate", `Basic realm="mine"`}, "robot:secret"},
		{"in one header", []string{`NTLM, Basic realm="mine", Digest realm="mine", nonce="n"`}, "robot:secret"},
		// The token service is not named in the configuration: the registry gets the credential, and the service does not.
		{"a realm elsewhere", []string{`Bearer realm="` + service.URL + `/token",service="s", Basic realm="mine"`}, "robot:secret"},
		{"a realm in clear", []string{`Bearer realm="http://` + service.host + `/token",service="s"`, `Basic realm="mine"`}, "robot:secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == basic(c.want) {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				w.Header()["Www-Authenticate"] = c.challenges
				w.WriteHeader(http.StatusUnauthorized)
			})
			r := open(t, registry.Options{
				Registries:    []config.Registry{f.settings(t), service.settings(t)},
				DockerConfigs: []string{write(t, "config.json", dockerConfig(t, map[string]string{f.host: c.want}))},
			})
			if _, err := r.Resolve(t.Context(), f.image()); !errors.Is(err, provider.ErrNotFound) {
				t.Error(err)
			}
			if got := service.requests(); len(got) > 0 {
				t.Errorf("the token service was asked %+v", got)
			}
		})
	}
}

// A credential goes over TLS, but for a registry that the configuration asks without.
func TestNoCredentialGoesInClearText(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s came with %q", r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(service.Close)
	host := service.Listener.Addr().String()
	asking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		challenge(w, `Bearer realm="`+service.URL+`/token",service="s"`)
	}))
	t.Cleanup(asking.Close)
	own := config.Registry{Host: asking.Listener.Addr().String(), PlainHTTPUnsafe: true, TokenService: host}
	account := write(t, "config.json", dockerConfig(t, map[string]string{own.Host: "robot:secret"}))
	r := open(t, registry.Options{Registries: []config.Registry{own}, DockerConfigs: []string{account}, Guard: egress.NewGuard(own.Host, host)})
	_, err := r.Resolve(t.Context(), imageOf(own.Host))
	if u := undecided(t, err, provider.CauseRegistry); !strings.Contains(u.Detail, "without TLS") {
		t.Error(u.Detail)
	}
}

// Where a credential may go is said by the configuration: by host, port and TLS.
func TestWhereACredentialMayGo(t *testing.T) {
	r := open(t, registry.Options{Guard: egress.NewGuard(), Registries: []config.Registry{
		{Host: "own.test", TokenService: "tokens.test"},
		{Host: "port.test:8443"},
		{Host: "plain.test", PlainHTTPUnsafe: true, TokenService: "tokens.test"},
		{Host: "plain.test:80", PlainHTTPUnsafe: true, TokenService: "plain-tokens.test"},
		{Host: "plain-tokens.test", PlainHTTPUnsafe: true},
	}})
	for _, c := range []struct {
		host, to string
		may      bool
	}{
		{"own.test", "https://own.test/token", true},
		{"own.test", "https://OWN.test:443/token", true},
		{"own.test", "https://tokens.test/token", true},
		{"own.test", "https://own.test:8443/token", false},
		{"own.test", "https://tokens.test:8443/token", false},
		{"own.test", "https://sub.own.test/token", false},
		{"own.test", "http://own.test/token", false},
		{"own.test", "http://own.test:443/token", false},
		{"own.test", "http://tokens.test/token", false},
		{"own.test", "https://auth.docker.io/token", false},
		{"unlisted.test", "https://unlisted.test/token", true},
		{"unlisted.test", "http://unlisted.test/token", false},
		{"port.test:8443", "https://port.test:8443/token", true},
		{"port.test:8443", "https://port.test/token", false},
		{"plain.test", "http://plain.test/token", true},
		{"plain.test", "http://plain.test:80/token", true},
		{"plain.test", "https://plain.test/token", true},
		{"plain.test", "http://plain.test:8080/token", false},
		{"plain.test", "http://tokens.test/token", false},
		{"plain.test", "https://tokens.test/token", true},
		{"plain.test:80", "http://plain.test/token", true},
		{"plain.test:80", "https://plain.test/token", false},
		{"plain.test:80", "http://plain-tokens.test/token", true},
		{"docker.io", "https://auth.docker.io/token", true},
		{"docker.io", "https://registry-1.docker.io/v2/", true},
		{"docker.io", "http://registry-1.docker.io/v2/", false},
		{"registry-1.docker.io", "https://auth.docker.io/token", true},
		{"docker.io", "https://auth.docker.io.evil.test/token", false},
	} {
		to, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.MayConfide(c.host, to); got != c.may {
			t.Errorf("the credential of %s to %s: %t", c.host, c.to, got)
		}
	}
}
