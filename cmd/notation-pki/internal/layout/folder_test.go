package layout

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless the error tells of all the words.
func refused(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %q does not tell %q", what, err, word)
		}
	}
}

// holding is a PKI with these generations of a signer, and nothing in them, beside what is none.
func holding(t *testing.T, numbers ...string) Folder {
	t.Helper()
	f := Folder{t.TempDir()}
	for _, name := range append(numbers, "0", "-1", "x", "2.old", ".making-3") {
		done(t, os.MkdirAll(filepath.Join(f.Path, "signer", name), 0o700))
	}
	done(t, os.WriteFile(filepath.Join(f.Path, "signer", "99"), nil, 0o600))
	return f
}

func TestTheNewestGenerationIsTheHighestNumber(t *testing.T) {
	f := holding(t, "1", "2", "10")
	found := expect.Must(f.Generations("signer"))(t)
	if got := numbers(found); got != "1, 2, 10" {
		t.Errorf("generations %s", got)
	}
	for _, tc := range []struct{ which, want string }{{"signer", "signer/10"}, {"signer/1", "signer/1"}, {"signer/10", "signer/10"}} {
		if got := expect.Must(f.Find(tc.which))(t); got.String() != tc.want || got.Dir != filepath.Join(f.Path, tc.want) {
			t.Errorf("%s is %s in %s", tc.which, got, got.Dir)
		}
	}
	for _, which := range []string{"signer/", "signer/0", "signer/3", "signer/02", "signer/100", "signer/99", "signer/1/1", "signer/x"} {
		got, err := f.Find(which)
		refused(t, which, err, "there is no generation ", "there are 1, 2, 10")
		if got != (Generation{}) {
			t.Errorf("%s is %s", which, got)
		}
	}
	_, err := f.Find("missing")
	refused(t, "missing", err, "there is no missing in "+f.Path)
}

func TestTheNextGenerationIsTheOneThatWasMeant(t *testing.T) {
	f := holding(t, "1", "4") // the others were carried away
	if next := expect.Must(f.Next("signer", true))(t); next.String() != "signer/5" || next.Dir != filepath.Join(f.Path, "signer/5") {
		t.Errorf("next is %s in %s", next, next.Dir)
	}
	if first := expect.Must(f.Next("other", false))(t); first.String() != "other/1" {
		t.Errorf("first is %s", first)
	}
	_, err := f.Next("signer", false)
	refused(t, "a first one", err, "holds generation 4 of signer, and nothing is overwritten")
	_, err = f.Next("other", true)
	refused(t, "a second one", err, "there is no other in ", "to rotate")
}

func TestWhatCannotBeLookedAtIsNotTakenForNothing(t *testing.T) {
	f := Folder{t.TempDir()}
	done(t, os.WriteFile(filepath.Join(f.Path, "signer"), nil, 0o600))
	_, err := f.Generations("signer")
	refused(t, "a file in the folder's place", err, "signer")
	_, err = f.Next("signer", false)
	refused(t, "the first beside it", err, "signer")
	if _, err := (Folder{filepath.Join(f.Path, "nowhere")}).Names(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("names in no folder: %v", err)
	}
}

func TestANameLeadsNowhereElse(t *testing.T) {
	f := Folder{t.TempDir()}
	for _, name := range []string{"", ".", "..", "../up", "a/b", `a\b`, ".hidden", "-flag", "_x", "a b", "a\n", "é", "/etc"} {
		_, err := f.Generations(name)
		refused(t, name, err, "is no name for a certificate's folder")
		_, err = f.Next(name, false)
		refused(t, name, err, "is no name for a certificate's folder")
	}
	for _, name := range []string{"root", "oci-2", "a.b_c", "7"} {
		if _, err := f.Next(name, false); err != nil {
			t.Error(err)
		}
	}
}

func TestNamesAreFoldersThatCanHoldACertificate(t *testing.T) {
	f := Folder{t.TempDir()}
	for _, name := range []string{"signer", "root", ".hidden", "a b"} {
		done(t, os.Mkdir(filepath.Join(f.Path, name), 0o700))
	}
	done(t, os.WriteFile(filepath.Join(f.Path, "oci.pass"), nil, 0o600))
	if got := expect.Must(f.Names())(t); !slices.Equal(got, []string{"root", "signer"}) {
		t.Errorf("names %q", got)
	}
}

// tree is all that is in a folder: modes, paths and contents.
func tree(t *testing.T, path string) string {
	t.Helper()
	var all strings.Builder
	done(t, filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		all.WriteString(info.Mode().String() + " " + path + "\n")
		if !entry.IsDir() {
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		}
		return nil
	}))
	return all.String()
}

func TestAGenerationThatIsThereIsNotReplaced(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "new", "pki")}
	g := expect.Must(f.Next("signer", false))(t)
	done(t, f.Create(g, map[string][]byte{CertFile: []byte("the first"), KeyFile: []byte("its key")}))
	empty := Generation{Name: "signer", Number: 2, Dir: filepath.Join(f.Path, "signer", "2")}
	done(t, os.Mkdir(empty.Dir, 0o700))
	before := tree(t, f.Path)
	for _, there := range []Generation{g, empty} {
		err := f.Create(there, map[string][]byte{CertFile: []byte("another")})
		refused(t, there.String(), err, there.Dir+" was made meanwhile, and nothing is overwritten")
	}
	if after := tree(t, f.Path); before != after {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
	for _, path := range []string{f.Path, filepath.Join(f.Path, "signer"), g.Dir} {
		if mode := expect.Must(os.Stat(path))(t).Mode().Perm(); mode != 0o700 {
			t.Errorf("%s has mode %04o", path, mode)
		}
	}
}

func TestAGenerationIsThereWholeOrNotAtAll(t *testing.T) {
	f := Folder{t.TempDir()}
	g := expect.Must(f.Next("signer", false))(t)
	if err := f.Create(g, map[string][]byte{CertFile: []byte("it"), "no/such/folder": nil}); err == nil {
		t.Error("a file was written into a folder that is not there")
	}
	if left := expect.Must(os.ReadDir(filepath.Join(f.Path, "signer")))(t); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestARecordIsWrittenOnceAndOnlyOnce(t *testing.T) {
	ca := newAuthority(t)
	g := ca.keep(t, Folder{t.TempDir()}, "root")
	one, other := ca.signer(t, "One"), ca.signer(t, "Other")
	done(t, g.Record(one))
	done(t, g.Record(other))
	forged := *other
	forged.SerialNumber = one.SerialNumber
	if err := g.Record(&forged); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second of a serial number: %v", err)
	}
	got, known, err := g.Issued(one.SerialNumber)
	if err != nil || !known || !got.Equal(one) {
		t.Errorf("%v %v %v", got, known, err)
	}
	all := expect.Must(g.AllIssued())(t)
	if len(all) != 2 || !slices.ContainsFunc(all, one.Equal) || !slices.ContainsFunc(all, other.Equal) {
		t.Errorf("%d are on record", len(all))
	}
	// One that is damaged is not the same as none.
	done(t, os.WriteFile(filepath.Join(g.File(issuedDir), Serial(one.SerialNumber)+".pem"), []byte("x"), 0o600))
	_, _, err = g.Issued(one.SerialNumber)
	refused(t, "a damaged record", err, Serial(one.SerialNumber)+".pem: ")
	_, err = g.AllIssued()
	refused(t, "a damaged record among others", err, Serial(one.SerialNumber)+".pem: ")
}

// A list is written once, and the newest has the highest number.
func TestNewestListHasTheHighestNumber(t *testing.T) {
	ca := newAuthority(t)
	g := ca.keep(t, Folder{t.TempDir()}, "root")
	if list, number, err := g.LastCRL(); list != nil || number != 0 || err != nil {
		t.Errorf("before the first: %v %d %v", list, number, err)
	}
	for _, number := range []int64{2, 9, 10} {
		path := expect.Must(g.KeepCRL(number, ca.list(t, number)))(t)
		if info := expect.Must(os.Stat(path))(t); info.Mode() != 0o600 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
	}
	before := expect.Must(os.ReadFile(filepath.Join(g.Dir, "crl/10.crl")))(t)
	if _, err := g.KeepCRL(10, ca.list(t, 11)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second of a number: %v", err)
	}
	if after := expect.Must(os.ReadFile(filepath.Join(g.Dir, "crl/10.crl")))(t); !bytes.Equal(before, after) {
		t.Error("a list was overwritten")
	}
	done(t, os.WriteFile(filepath.Join(g.Dir, "crl/.hidden"), nil, 0o600))
	list, number, err := g.LastCRL()
	if err != nil || list.Number.Int64() != 10 || number != 10 {
		t.Errorf("%v %d %v", list, number, err)
	}
	// What is not called by its number might be the newest, and is not passed over.
	for _, name := range []string{"intermediate.crl", "crl.pem", "-1.crl", "11", "011.crl", "+11.crl"} {
		path := filepath.Join(g.Dir, "crl", name)
		done(t, os.WriteFile(path, before, 0o600))
		_, _, err := g.LastCRL()
		refused(t, name, err, name+" is not called by its number")
		done(t, os.Remove(path))
	}
	done(t, os.WriteFile(filepath.Join(g.Dir, "crl/12.crl"), []byte("x"), 0o600))
	list, _, err = g.LastCRL()
	refused(t, "a damaged list", err, "crl/12.crl: ")
	if list != nil {
		t.Errorf("number %s takes its place", list.Number)
	}
}

func TestASerialNumberHasTwoDigitsAnOctet(t *testing.T) {
	ca := newAuthority(t)
	for _, tc := range []struct {
		number int64
		want   string
	}{{1, "01"}, {0xABC, "0ABC"}, {0xABCD, "ABCD"}} {
		cert := ca.signer(t, "x")
		cert.SerialNumber.SetInt64(tc.number)
		if got := Serial(cert.SerialNumber); got != tc.want {
			t.Errorf("%d is %s, want %s", tc.number, got, tc.want)
		}
	}
}
