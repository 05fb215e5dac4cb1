package system

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// serve starts a server for one test.
func serve(t *testing.T, w *rig.Test, edit func(*config.Config), registries ...*rig.Registry) *rig.GatekeeperClient {
	t.Helper()
	built, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	server := w.Provider(rig.ProviderOptions{Binary: built, Registries: registries, Edit: func(c *config.Config) {
		patient.edit(c)
		edit(c)
	}})
	asker := w.GatekeeperClient(server.URL)
	asker.Timeout = 20
	return asker
}

// GHSA-vh4v-2xq2-g5cg, GHSA-xc97-9f2f-9hrx: a credential survived a redirect to another port, or came back on a later hop.
func TestNoCredentialAlongARedirect(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Basic})
	recorder := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(private, "production/app", "1")
	asker := serve(t, w, func(c *config.Config) { c.Registries[0].Storage = []string{recorder.Host} }, private)

	there := rig.Status(http.StatusTemporaryRedirect, http.Header{"Location": {"https://" + recorder.Host + "/v2/hop"}})
	private.Inject(rig.Match{}, func(lifted <-chan struct{}, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/back") || r.Header.Get("Authorization") != "" {
				next = there(lifted, next)
			}
			next.ServeHTTP(w, r)
		})
	})
	recorder.Inject(rig.Match{}, rig.Status(http.StatusTemporaryRedirect, http.Header{"Location": {"https://" + private.Host + "/v2/back"}}))

	r := row{image: image}
	if got := r.ask(t, asker); got != (outcome{stage: provider.CauseRegistry}) {
		t.Errorf("it is %+v", got)
	}
	authorized := 0
	for _, request := range private.Requests() {
		if request.Authorization != "" {
			authorized++
		}
	}
	if authorized == 0 {
		t.Error("the registry itself got no credential, so nothing is shown")
	}
	hops := recorder.Requests()
	if len(hops) < 2 {
		t.Errorf("no request came twice, so nothing is shown: %+v", hops)
	}
	for _, request := range hops {
		if request.Authorization != "" {
			t.Errorf("%s brought %q", request.Path, request.Authorization)
		}
	}
}

// CVE-2026-48978 (GHSA-xf85-363p-868w), GHSA-mm27-wq9c-mxxr, CVE-2026-33540: a realm that the registry names led inside
// the network, out of TLS, or out of HTTP.
func TestRealmLeadsToNoOtherHost(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	unlisted := w.Registry(rig.RegistryOptions{PlainHTTP: true})
	plain := w.Registry(rig.RegistryOptions{PlainHTTP: true})
	registries := []*rig.Registry{plain}
	rows := map[string]*row{}
	for _, realm := range []string{
		"https://" + unlisted.Host + "/token",
		"http://" + unlisted.Host + "/token",
		"http://" + plain.Host + "/token", // it is named, and may be dialled, and speaks no TLS
		"http://169.254.169.254/token",
		"http://[::ffff:169.254.169.254]/token",
		"http://100.64.0.1/token",
		"file:///etc/passwd",
		"//" + plain.Host + "/token",
		"/token",
		"",
	} {
		private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
		registries = append(registries, private)
		rows[realm] = &row{image: w.PushImage(private, "production/app", "1")}
		private.Inject(rig.Match{}, rig.Status(http.StatusUnauthorized, http.Header{"Www-Authenticate": {`Bearer realm="` + realm + `",service="s"`}}))
	}
	asker := serve(t, w, func(*config.Config) {}, registries...)
	for realm, r := range rows {
		if got := r.ask(t, asker); got.stage != provider.CauseRegistry && got.stage != provider.CauseCredentials {
			t.Errorf("realm %q: it is %+v", realm, got)
		}
		if r.image.Registry.Count() == 0 {
			t.Errorf("realm %q: the registry was not asked, so nothing is shown", realm)
		}
	}
	if got := unlisted.Requests(); len(got) > 0 {
		t.Errorf("somebody was led to %+v", got)
	}
	for _, request := range plain.Requests() {
		if request.Authorization != "" {
			t.Errorf("a credential went out of TLS: %+v", request)
		}
	}
}

// CVE-2022-47633 (GHSA-m3cq-xcx9-3gvm), CVE-2023-47630, GHSA-wfqx-gjrf-g28r: a registry that gave another digest the
// second time had one image verified and another run.
func TestMovingTag(t *testing.T) {
	t.Parallel()
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{})
	signed := w.PushImage(registry, "production/app", "1")
	unsigned := w.PushImage(registry, "production/app", "2")
	w.Sign(signed, rig.Signature{})
	asker := serve(t, w, func(c *config.Config) {
		c.Cache.Tags, c.Cache.Refused, c.Cache.Verified = config.Duration(time.Millisecond), config.Duration(time.Millisecond), config.Duration(time.Millisecond)
	}, registry)

	var asked atomic.Int64
	registry.Inject(rig.Match{Path: "/manifests/1$"}, rig.Divert(func(path string) string {
		if path != "" && asked.Add(1)%2 == 0 {
			return strings.Replace(path, "/manifests/1", "/manifests/2", 1)
		}
		return path
	}))
	seen := map[provider.Reason]int{}
	for range 40 {
		answer, err := asker.Validate(t.Context(), signed.Tagged())
		if err != nil {
			t.Fatal(err)
		}
		item := answer.Items[signed.Tagged()]
		value, _ := item.Value.(map[string]any)
		switch {
		case value["verified"] == true && value["digest"] == signed.Descriptor.Digest.String():
			seen[provider.Verified]++
		case strings.HasPrefix(item.Error, "unsigned: "+unsigned.Pinned()+": "):
			seen[provider.Unsigned]++
		default:
			t.Fatalf("answer %+v", answer)
		}
	}
	if seen[provider.Verified] == 0 || seen[provider.Unsigned] == 0 {
		t.Errorf("the tag did not move: %v", seen)
	}
}
