package trust_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

func (f files) open() *trust.Files {
	f.Helper()
	opened, err := trust.Open(f.policyFile(), f.storeDir())
	if err != nil {
		f.Fatal(err)
	}
	return opened
}

func TestAtStartAnythingWrongIsAnError(t *testing.T) {
	f := newFiles(t)
	if opened, err := trust.Open(f.policyFile(), f.storeDir()); err == nil || opened != nil {
		t.Errorf("opened without a trust policy: %v %v", opened, err)
	}
}

func TestAReloadTakesWhatIsNewAndOnlyThat(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/*"))
	watched := f.open()
	for _, tc := range []struct {
		name   string
		change func()
	}{
		{"scopes", func() { f.policy(statement("skao", "artefact.skao.int/*")) }},
		{"statement", func() { f.policy(statement("renamed", "artefact.skao.int/*")) }},
		{"certificate", func() { f.store("ca:skao", "new.pem", stranger().root) }},
	} {
		before := watched.Current()
		if changed, err := watched.Reload(); changed || err != nil || watched.Current() != before {
			t.Errorf("before %s: changed %v, %v", tc.name, changed, err)
		}
		tc.change()
		if changed, err := watched.Reload(); !changed || err != nil || watched.Current() == before {
			t.Errorf("%s: changed %v, %v", tc.name, changed, err)
		}
	}
	if _, ok := watched.Current().Find("artefact.skao.int/x"); !ok || !only(t, watched.Current()).Trusts(ca.Thumbprint(stranger().root)) {
		t.Error("the new version is not in force")
	}
}

// A broken version keeps the old in force until it is mended.
func TestABrokenVersionKeepsTheOldInForce(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/*"))
	watched := f.open()
	good := watched.Current()
	text, err := os.ReadFile(f.policyFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func()
		want  string
	}{
		{"no policy", func() { f.remove(f.policyFile()) }, "no such file"},
		{"half a policy", func() { f.write(f.policyFile(), text[:len(text)/2]) }, "not a trust policy"},
		{"empty policy", func() { f.write(f.policyFile(), nil) }, "not a trust policy"},
		{"skip", func() { f.policy(withLevel("skip", nil)) }, "skip"},
		{"one of two", func() { f.policy(statement("new", "*"), withLevel("audit", nil)) }, "audit"},
		{"no store", func() { f.remove(f.path("ca:skao", "")) }, "trust store ca:skao"},
		{"empty store", func() { f.remove(f.path("ca:skao", "root.pem")) }, "no file in it holds a certificate"},
		{"junk", func() { f.write(f.path("ca:skao", "root.pem"), []byte("junk")) }, "file root.pem"},
		{"junk besides", func() { f.write(f.path("ca:skao", "more.pem"), []byte("junk")) }, "file more.pem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spoil()
			for range 2 { // it is reported for as long as it lasts
				changed, err := watched.Reload()
				if changed || err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got changed %v, %v; want %q", changed, err, c.want)
				}
				if watched.Current() != good {
					t.Fatal("the old version is not in force any more")
				}
			}
			f.remove(f.path("ca:skao", "more.pem"))
			f.store("ca:skao", "root.pem", skao().root)
			f.write(f.policyFile(), text)
			if changed, err := watched.Reload(); changed || err != nil {
				t.Errorf("mended: changed %v, %v", changed, err)
			}
		})
	}
}

func TestWhatIsReadInTheMiddleOfAChangeIsNotTaken(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("old", "*"))
	watched := f.open()
	old := watched.Current()
	version := func(name string) *trust.Snapshot { t.Helper(); f.policy(statement(name, "*")); return f.load() }
	readings := []*trust.Snapshot{version("half"), version("new"), version("new"), version("new")}
	watched.SetLoad(func() (*trust.Snapshot, error) {
		next := readings[0]
		readings = readings[1:]
		return next, nil
	})
	if changed, err := watched.Reload(); changed || err == nil || watched.Current() != old {
		t.Errorf("took a version that was gone a moment later: %v %v", changed, err)
	}
	if changed, err := watched.Reload(); !changed || err != nil || only(t, watched.Current()).Name() != "new" {
		t.Errorf("a version that stays is not taken: %v %v", changed, err)
	}
}

func TestWhoAsksDuringAReloadGetsOneVersionWhole(t *testing.T) {
	f := newFiles(t)
	versions := map[string]string{"a": ca.Thumbprint(skao().root), "b": ca.Thumbprint(stranger().root)}
	write := func(name string) {
		f.policy(statement(name, "*"))
		if name == "a" {
			f.store("ca:skao", "root.pem", skao().root)
		} else {
			f.store("ca:skao", "root.pem", stranger().root)
		}
	}
	write("a")
	watched := f.open()
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				p := watched.Current().Policies()[0]
				if !p.Trusts(versions[p.Name()]) {
					t.Errorf("policy %s with the certificates of another version", p.Name())
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		for _, name := range []string{"b", "a"} {
			write(name)
			if changed, err := watched.Reload(); !changed || err != nil {
				t.Errorf("changed %v, %v", changed, err)
			}
		}
	}
	close(done)
	readers.Wait()
}

// Other files are read first, and without them the old stay in force and are looked at again.
func TestOtherFilesAreUsedOnceTheyArePutInForce(t *testing.T) {
	f, other := newFiles(t), newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/*"))
	other.policy(statement("other", "artefact.skao.int/*"))
	watched := f.open()
	covers := func(repository string) bool { _, ok := watched.Current().Find(repository); return ok }

	if _, err := watched.Prepare(f.policyFile(), t.TempDir()); err == nil || !covers("harbor.skao.int/x") {
		t.Errorf("a store that is missing: %v", err)
	}
	apply, err := watched.Prepare(other.policyFile(), other.storeDir())
	if err != nil || !covers("harbor.skao.int/x") {
		t.Fatalf("before it is in force: %v", err)
	}
	apply()
	if !covers("artefact.skao.int/x") || covers("harbor.skao.int/x") {
		t.Error("the other files are not in force")
	}
	f.policy(statement("skao", "elsewhere.example.org/*"))
	if changed, err := watched.Reload(); changed || err != nil {
		t.Errorf("the old files are still watched: %t, %v", changed, err)
	}
	other.policy(statement("other", "new.skao.int/*"))
	if changed, err := watched.Reload(); !changed || err != nil || !covers("new.skao.int/x") {
		t.Errorf("the other files are not watched: %t, %v", changed, err)
	}
}
