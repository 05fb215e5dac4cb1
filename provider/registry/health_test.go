package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// A repository's trouble is its own where it is the token service or the storage that
// tells of it, too.
func TestTheTroubleOfATokenOrARedirectIsItsOwn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"token", func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Query().Get("scope"), ":proxy/"):
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
			case r.URL.Path == "/token":
				fmt.Fprint(w, `{"token":"opaque"}`)
			case r.Header.Get("Authorization") != "Bearer opaque":
				realm("https://"+r.Host)(w, r)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}},
		{"storage", func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/v2/proxy/"):
				http.Redirect(w, r, "/storage/1", http.StatusTemporaryRedirect)
			case r.URL.Path == "/storage/1":
				w.WriteHeader(http.StatusServiceUnavailable)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t, tc.handler)
			account := write(t, "config.json", dockerConfig(t, map[string]string{f.host: "robot:mine"}))
			r := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}, DockerConfigs: []string{account}})
			at := func(repository string) provider.Image {
				return provider.Image{Host: f.host, Repository: f.host + "/" + repository, Tag: "1"}
			}
			for i := range 12 {
				_, err := r.Resolve(t.Context(), at("proxy/x"))
				undecided(t, err, provider.CauseRegistry)
				_, err = r.Resolve(t.Context(), at(fmt.Sprintf("proxy/%d", i)))
				undecided(t, err, provider.CauseRegistry)
			}
			for i := range 3 {
				if _, err := r.Resolve(t.Context(), at(fmt.Sprintf("production/%d", i))); !errors.Is(err, provider.ErrNotFound) {
					t.Errorf("another repository: %v", err)
				}
			}
		})
	}
}

// What a host is probed by carries no credential, though it was asked with one before.
func TestAProbeCarriesNoCredential(t *testing.T) {
	probed := make(chan string, 10)
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/":
			probed <- r.Header.Get("Authorization")
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Header.Get("Authorization") == "":
			challenge(w, `Basic realm="mine"`)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	account := write(t, "config.json", dockerConfig(t, map[string]string{f.host: "robot:mine"}))
	r := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}, DockerConfigs: []string{account}})
	for i := range 14 {
		_, err := r.Resolve(t.Context(), provider.Image{Host: f.host, Repository: fmt.Sprintf("%s/team/%d", f.host, i), Tag: "1"})
		undecided(t, err, provider.CauseRegistry)
	}
	if got := <-probed; got != "" {
		t.Errorf("a probe brought %s", got)
	}
}

// CircuitsOpen names the configured hosts, and those that fail.
func TestCircuitsOfConfiguredHosts(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	r := open(t, registry.Options{Registries: []config.Registry{f.settings(t), {Host: "other.example"}}})
	if got := r.CircuitsOpen(); len(got) != 2 || got[f.host] || got["other.example"] {
		t.Errorf("at first: %v", got)
	}
	rig.Until(t, "the circuit opens", func() bool {
		for i := range 14 {
			_, err := r.Resolve(t.Context(), provider.Image{Host: f.host, Repository: fmt.Sprintf("%s/team/%d", f.host, i), Tag: "1"})
			undecided(t, err, provider.CauseRegistry)
		}
		got := r.CircuitsOpen()
		return got[f.host] && !got["other.example"]
	})
}
