package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

const ociName, oldName = "trustpolicy.oci.json", "trustpolicy.json"

// Which policy counts, by the files that are there and the one that is named.
func TestWhichPolicyCounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		there  []string // each is a policy of its own, called by the file
		path   string   // below the folder; empty is the folder itself
		counts string   // else it is refused
		says   []string // the warning, or the error
	}{
		{"folder, the newer name", []string{ociName}, "", ociName, nil},
		{"folder, the older name", []string{oldName}, "", oldName, nil},
		{"folder, both", []string{oldName, ociName}, "", ociName, []string{ociName + " counts, as it does for notation, and ", oldName + " beside it does not"}},
		{"folder, neither", nil, "", "", []string{"there is neither " + ociName + " nor " + oldName + " in "}},
		{"named, the older", []string{oldName}, oldName, oldName, nil},
		{"named, the newer", []string{ociName}, ociName, ociName, nil},
		{"named, the older of both", []string{oldName, ociName}, oldName, oldName, []string{oldName + " counts, since the configuration names it, and ", ociName + " beside it does not"}},
		{"named, the newer of both", []string{oldName, ociName}, ociName, ociName, []string{ociName + " counts, since the configuration names it"}},
		{"named, only the newer", []string{ociName}, oldName, "", []string{"no such file", "there is ", ociName + ": name that as trust.policyFile"}},
		{"named, only the older", []string{oldName}, ociName, "", []string{"no such file", "there is ", oldName + ": name that as trust.policyFile"}},
		{"named otherwise", []string{"skao.json", ociName}, "skao.json", "skao.json", nil},
		{"named otherwise, not there", []string{ociName}, "skao.json", "", []string{"no such file", "skao.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			for _, file := range c.there {
				f.policy(statement(file, "harbor.skao.int/*"))
				f.check(os.Rename(f.policyFile(), filepath.Join(f.dir, "made")))
				f.check(os.Rename(filepath.Join(f.dir, "made"), filepath.Join(f.dir, file+".new")))
			}
			for _, file := range c.there {
				f.check(os.Rename(filepath.Join(f.dir, file+".new"), filepath.Join(f.dir, file)))
			}
			s, err := trust.Load(filepath.Join(f.dir, c.path), f.storeDir())
			said := ""
			if err != nil {
				said = err.Error()
			} else {
				said = strings.Join(s.Notes(), "\n")
			}
			if (err == nil) != (c.counts != "") || err == nil && only(t, s).Name() != c.counts {
				t.Fatalf("got %v, want %s", err, c.counts)
			}
			if len(c.says) == 0 && said != "" {
				t.Errorf("said %q", said)
			}
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("said %q, want %q", said, want)
				}
			}
		})
	}
}

// The newer name that leads nowhere is a broken file, and no reason to take the older.
func TestDanglingPolicyIsRefused(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/*"))
	f.check(os.Symlink("nothing", filepath.Join(f.dir, ociName)))
	if _, err := trust.Load(f.dir, f.storeDir()); err == nil || !strings.Contains(err.Error(), ociName) {
		t.Errorf("got %v", err)
	}
}

// A file that appears under the newer name is taken by the next reload, and told.
func TestPolicyUnderTheNewerNameIsTaken(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("old", "harbor.skao.int/*"))
	watched, err := trust.Open(f.dir, f.storeDir())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.policyFile())
	f.check(err)
	f.write(filepath.Join(f.dir, ociName), []byte("\ufeff"+strings.Replace(string(text), `"old"`, `"new"`, 1)))
	if changed, err := watched.Reload(); !changed || err != nil || only(t, watched.Current()).Name() != "new" {
		t.Errorf("%v, %v", changed, err)
	}
	if w := watched.Current().Warnings(time.Now()); len(w) == 0 || !strings.Contains(w[0], ociName+" counts, as it does for notation") {
		t.Errorf("warnings %q", w)
	}
}

// An error of notation's shows a name as it is written, and not with twice the escapes.
func TestNamesInErrorsHaveSingleEscapes(t *testing.T) {
	f := newFiles(t)
	s := statement("skao", "harbor.skao.int/*")
	s.TrustedIdentities = []string{`x509.subject: C=GB, O=Acme\, Inc.`}
	f.policy(s)
	f.refused(`trusted identity "x509.subject: C=GB, O=Acme\, Inc."`, `" C=GB, O=Acme\, Inc." has no mandatory RDN attribute for "ST"`)
}
