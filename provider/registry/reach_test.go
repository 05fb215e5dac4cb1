package registry_test

import (
	"net/http"
	"slices"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
)

// What a registry leads to is dialled on its behalf: at a private address that is what its
// own entry says, and the registries beside it for a redirect. A realm leads to no more
// than the token service, since what is said there is carried to the registry; and what the
// configuration does not name leads to public addresses alone.
func TestWhereARegistryMayLead(t *testing.T) {
	id, err := system.Server(loopback())
	if err != nil {
		t.Fatal(err)
	}
	inside := newFakeAs(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token":"internal"}`)) }, id.TLS())
	own := func(r *http.Request) string { return "https://" + r.Host }
	ways := []struct {
		way     string
		handler http.HandlerFunc
	}{
		{"redirect", redirects(inside.URL)},
		{"realm", realm(inside.URL)},
		{"realm that redirects", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				redirects(inside.URL)(w, r)
				return
			}
			realm(own(r))(w, r)
		}},
		// A question for a token that looks like one for content.
		{"realm in disguise", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("scope") {
				redirects(inside.URL)(w, r)
				return
			}
			challenge(w, `Bearer realm="`+own(r)+r.URL.Path+`",service="s"`)
		}},
		{"redirect to a realm's", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/other" {
				realm(inside.URL)(w, r)
				return
			}
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}},
	}
	beside := config.Registry{Host: inside.host}
	for _, c := range []struct {
		name  string
		entry func(*config.Registry) // of the registry; nil for none
		rest  []config.Registry
		ways  []string // that lead there
	}{
		{"named alone", func(*config.Registry) {}, nil, nil},
		{"its storage", func(c *config.Registry) { c.Storage = []string{inside.host} }, nil, []string{"redirect"}},
		{"beside another", func(*config.Registry) {}, []config.Registry{beside}, []string{"redirect"}},
		{"its token service", func(c *config.Registry) { c.TokenService = inside.host }, nil, []string{"realm", "realm that redirects", "realm in disguise", "redirect to a realm's"}},
		{"not named", nil, nil, nil},
		{"not named, beside one", nil, []config.Registry{beside}, nil},
		{"not named, another's all", nil, []config.Registry{{Host: "other.example", Storage: []string{inside.host}, TokenService: inside.host}}, nil},
		{"another's storage", func(*config.Registry) {}, []config.Registry{{Host: "other.example", Storage: []string{inside.host}, TokenService: inside.host}}, nil},
	} {
		for _, tc := range ways {
			t.Run(c.name+" "+tc.way, func(t *testing.T) {
				hostile := newFakeAs(t, tc.handler, id.TLS())
				o := registry.Options{Registries: c.rest, Guard: egress.NewGuard(hostile.host)} // as if it were public
				if c.entry != nil {
					entry := config.Registry{Host: hostile.host}
					c.entry(&entry)
					o.Registries = append([]config.Registry{entry}, c.rest...)
				}
				before := len(inside.requests())
				askAll(t, open(t, o), hostile.image())
				if asked, want := len(inside.requests()) > before, slices.Contains(c.ways, tc.way); asked != want {
					t.Errorf("asked inside: %t, want %t", asked, want)
				}
				if len(hostile.requests()) == 0 {
					t.Error("the registry was not asked, so nothing is shown")
				}
			})
		}
	}
}
