package layout

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// fills runs f while no file may grow, as on a disk that is full.
func fills(t *testing.T, f func()) {
	t.Helper()
	var before syscall.Rlimit
	done(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	done(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 3, Max: before.Max}))
	f()
	done(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
}

func TestAFullDiskLeavesNoHalfFile(t *testing.T) {
	ca := newAuthority(t)
	f := Folder{t.TempDir()}
	g := ca.keep(t, f, "root")
	shown := filepath.Join(t.TempDir(), "root.crl")
	done(t, replace(f, shown, "the last list"))
	next := Generation{Name: "root", Number: 2, Dir: filepath.Join(f.Path, "root", "2")}
	der := ca.list(t, 1)
	var kept, recorded, replaced, created error
	fills(t, func() {
		_, kept = g.KeepCRL(1, der)
		recorded = g.Record(ca.Cert)
		replaced = replace(f, shown, string(der))
		created = f.Create(next, map[string][]byte{ChainFile: der})
	})
	for _, tc := range []struct {
		name string
		err  error
	}{{"a list", kept}, {"a record", recorded}, {"what the web server shows", replaced}, {"a generation", created}} {
		refused(t, tc.name, tc.err, "file too large")
	}
	for _, folder := range []string{g.File(crlDir), g.File(issuedDir)} {
		if left := expect.Must(os.ReadDir(folder))(t); len(left) > 0 {
			t.Errorf("%s holds %v", folder, left)
		}
	}
	if got := expect.Must(os.ReadFile(shown))(t); string(got) != "the last list" {
		t.Errorf("%q is shown", got)
	}
	for _, folder := range []string{f.Path, filepath.Dir(shown), filepath.Dir(next.Dir)} {
		if left := expect.Must(os.ReadDir(folder))(t); len(left) != len(expect.Must(filepath.Glob(filepath.Join(folder, "[^.]*")))(t)) {
			t.Errorf("%s holds %v", folder, left)
		}
	}
	if _, err := os.Stat(next.Dir); err == nil {
		t.Error("half a generation is there")
	}
}
