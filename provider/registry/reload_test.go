package registry_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// New credentials are used and broken ones leave the old in force.
func TestCredentialsAreReloaded(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			challenge(w, `Basic realm="mine"`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	text := func(account string) string { return dockerConfig(t, map[string]string{f.host: account}) }
	path := write(t, "config.json", text("robot:old"))
	r := open(t, registry.Options{Registries: []config.Registry{f.settings(t)}, DockerConfigs: []string{path}})
	last := func() string {
		_, _ = r.Resolve(t.Context(), f.image())
		requests := f.requests()
		return requests[len(requests)-1].authorization
	}
	for _, step := range []struct {
		name, text      string
		changed, broken bool
		want            string
	}{
		{"nothing new", text("robot:old"), false, false, "robot:old"},
		{"a new password", text("robot:new"), true, false, "robot:new"},
		{"half a file", text("robot:newer")[:20], false, true, "robot:new"},
		{"no object", `[]`, false, true, "robot:new"},
		{"repaired", text("robot:newer"), true, false, "robot:newer"},
	} {
		overwrite(t, path, step.text)
		changed, err := r.Reload()
		if changed != step.changed || (err != nil) != step.broken {
			t.Errorf("%s: changed %t, %v", step.name, changed, err)
		}
		if got := last(); got != basic(step.want) {
			t.Errorf("%s: asked with %s, want %s", step.name, got, step.want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if changed, err := r.Reload(); changed || err == nil || last() != basic("robot:newer") {
		t.Errorf("a docker config that is gone: changed %t, %v", changed, err)
	}
}

// A new CA is trusted and a broken one leaves the old in force.
func TestCAsAreReloaded(t *testing.T) {
	f := newFake(t, http.NotFound)
	w := rig.ForTest(t)
	other := string(w.Registry(rig.RegistryOptions{}).CAPEM())
	own := f.settings(t)
	r := open(t, registry.Options{Registries: []config.Registry{own}})
	trusted := func() bool {
		_, err := r.Resolve(t.Context(), f.image())
		return err != nil && strings.Contains(err.Error(), provider.ErrNotFound.Error())
	}
	for _, step := range []struct {
		name, text               string
		changed, broken, trusted bool
	}{
		{"nothing new", f.ca(), false, false, true},
		{"junk", "junk", false, true, true},
		{"another CA", other, true, false, false}, // also over connections that were open
		{"junk again", "", false, true, false},
		{"half of a file", other + f.ca()[:len(f.ca())-60], false, true, false},
		{"both", other + f.ca(), true, false, true},
	} {
		overwrite(t, own.CAFile, step.text)
		changed, err := r.Reload()
		if changed != step.changed || (err != nil) != step.broken || trusted() != step.trusted {
			t.Errorf("%s: changed %t, %v, trusted %t", step.name, changed, err, trusted())
		}
	}
}

func TestAnUntrustedRegistryIsIgnorance(t *testing.T) {
	f := newFake(t, http.NotFound)
	r := open(t, registry.Options{Registries: []config.Registry{{Host: f.host}}}) // the system's CAs
	_, err := r.Resolve(t.Context(), f.image())
	undecided(t, err, provider.CauseRegistry)
	if got := f.requests(); len(got) != 0 {
		t.Errorf("a request came through: %+v", got)
	}
}

func TestTokensAndConnectionsOutliveAReloadOfNothingNew(t *testing.T) {
	w := rig.ForTest(t)
	private := w.Registry(rig.RegistryOptions{Kind: rig.Tag, Auth: rig.Token})
	image := w.PushImage(private, "production/a", "1")
	r := open(t, registry.Options{Registries: []config.Registry{settings(t, private)}, DockerConfigs: []string{w.WriteDockerConfig(private)}})
	for range 3 {
		if _, err := r.Resolve(t.Context(), pinned(image)); err != nil {
			t.Fatal(err)
		}
		if changed, err := r.Reload(); changed || err != nil {
			t.Fatal(changed, err)
		}
	}
	if got := private.Count(rig.ClassToken); got != 1 {
		t.Errorf("%d tokens for one repository", got)
	}
}

// Other options are taken whole: what they name is read first, and without it the old stay.
func TestOtherOptionsAreUsedOnceTheyArePutInForce(t *testing.T) {
	old, mirror := newFake(t, http.NotFound), newFake(t, http.NotFound)
	own := old.settings(t)
	r := open(t, registry.Options{Registries: []config.Registry{own}})
	asked := func() (atOld, atMirror int) {
		before := len(old.requests())
		_, _ = r.Resolve(t.Context(), old.image())
		return len(old.requests()) - before, len(mirror.requests())
	}
	if atOld, atMirror := asked(); atOld == 0 || atMirror != 0 {
		t.Fatalf("asked %d and %d times", atOld, atMirror)
	}
	own.Mirror, own.MirrorOnly = mirror.host, true
	apply, err := r.Prepare(func(o *registry.Options) { o.Registries = []config.Registry{own, mirror.settings(t)} })
	if err != nil {
		t.Fatal(err)
	}
	if _, atMirror := asked(); atMirror != 0 {
		t.Error("options that are not in force are used")
	}
	apply()
	if atOld, atMirror := asked(); atOld != 0 || atMirror == 0 {
		t.Errorf("asked %d times at the old registry and %d times at its mirror", atOld, atMirror)
	}
	if _, err := r.Prepare(func(o *registry.Options) { o.DockerConfigs = []string{"none.json"} }); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a file that is missing: %v", err)
	}
	if changed, err := r.Reload(); changed || err != nil {
		t.Errorf("after options that could not be taken: %t, %v", changed, err)
	}
}
