package trust_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// A file with certificates is read under any name and in each form, as notation reads
// it.
func TestFilesThatAreRead(t *testing.T) {
	text := string(ca.EncodeCertificates(skao().root))
	for _, tc := range []struct{ name, content string }{
		{"root.pem", text}, {"root.crt", text}, {"root.cer", text}, {"root.cert", text}, {"root.der", string(skao().root.Raw)}, {"root.ca-bundle", text},
		{"root.PEM", text}, {"root.CRT", text}, {"root.Cer", string(skao().root.Raw)}, {"root", text}, {"ROOT", string(skao().root.Raw)}, {"root.txt", text},
		{"root.pem.1", text}, {"SKAO Root CA", text}, {"-root", text},
		{"mark.pem", "\ufeff" + text}, {"windows", "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")}, {"words.pem", "Certificate:\n    Data:\n" + text},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFiles(t)
			f.store("ca:x", "other.pem", stranger().root)
			f.write(f.path("ca:x", tc.name), []byte(tc.content))
			f.policy(withStores("ca:x"))
			s := f.load()
			if !only(t, s).Trusts(ca.Thumbprint(skao().root)) || !only(t, s).Trusts(ca.Thumbprint(stranger().root)) {
				t.Errorf("not trusted; not read: %v", s.Unread())
			}
			if len(s.Unread()) > 1 { // ca:skao, which no statement names
				t.Errorf("not read: %v", s.Unread())
			}
		})
	}
}

// A file without a certificate is told, with the reason, and does not stop the others.
func TestFilesThatAreNotReadAreTold(t *testing.T) {
	key, err := ca.ECP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	private, err := ca.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put := func(content string) func(files, string) {
		return func(f files, path string) { f.write(path, []byte(content)) }
	}
	for _, c := range []struct {
		name string
		make func(f files, path string)
		says string // empty: nothing is told
	}{
		{"README", put("see the wiki"), "it holds no certificate, in PEM or DER"},
		{"empty", put(""), "it holds no certificate"},
		{".gitkeep", put(""), "its name begins with a dot"},
		{".root.pem", put(string(ca.EncodeCertificates(skao().root))), "its name begins with a dot; notation would read it: rename it"},
		{"..root.pem", put(string(ca.EncodeCertificates(skao().root))), "its name begins with a dot"},
		{"ca.key", put(string(private)), "it has a PRIVATE KEY, where only certificates belong"},
		{"ca.csr", put("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"), "it has a CERTIFICATE REQUEST"},
		{"ca.crl", put("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), "it has a X509 CRL"},
		{"chain.p7b", put("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n"), "convert it: openssl pkcs7"},
		{"powershell", put("\xff\xfe-\x00-\x00-\x00-\x00-\x00B\x00"), "it is in UTF-16"},
		{"old", func(f files, path string) { f.write(filepath.Join(path, "root.pem"), nil) }, "it is a directory, not a regular file"},
		{"pipe", func(f files, path string) { f.check(syscall.Mkfifo(path, 0o600)) }, "it is a named pipe, not a regular file"},
		{"device", func(f files, path string) { f.check(os.Symlink("/dev/zero", path)) }, "it is a device, not a regular file"},
		{"image", func(f files, path string) { f.write(path, nil); f.check(os.Truncate(path, 1<<33)) }, "it is larger than 4194304 bytes"},
		{"..data", func(f files, path string) { f.check(os.Symlink("..2026", path)) }, ""},
		{"..2026_01_01.", func(f files, path string) { f.check(os.Mkdir(path, 0o700)) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			c.make(f, f.path("ca:skao", c.name))
			f.policy(statement("skao", "harbor.skao.int/*"))
			s := f.load()
			if !only(t, s).Trusts(ca.Thumbprint(skao().root)) {
				t.Error("the root beside it is not trusted")
			}
			var told []string
			for _, u := range s.Unread() {
				told = append(told, u.String())
			}
			if c.says == "" && told == nil {
				return
			}
			if c.says == "" || len(told) != 1 || !strings.HasPrefix(told[0], "ca:skao: "+c.name+" was not read: ") || !strings.Contains(told[0], c.says) {
				t.Errorf("got %q, want %q", told, c.says)
			}
		})
	}
}

func (f files) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// A file that says to be a certificate and cannot be read is refused.
func TestWhatIsNamedLikeACertificate(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(f files, path string)
		says string
	}{
		{"folder.pem", func(f files, path string) { f.check(os.Mkdir(path, 0o700)) }, "it is a directory, not a regular file"},
		{"pipe.CRT", func(f files, path string) { f.check(syscall.Mkfifo(path, 0o600)) }, "it is a named pipe, not a regular file"},
		{"null.cert", func(f files, path string) { f.check(os.Symlink("/dev/null", path)) }, "it is a device, not a regular file"},
		{"gone.pem", func(f files, path string) { f.check(os.Symlink("nothing", path)) }, "no such file"},
		{"gone", func(f files, path string) { f.check(os.Symlink("nothing", path)) }, "no such file"}, // it may be a certificate
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			c.make(f, f.path("ca:skao", c.name))
			f.policy(statement("skao", "harbor.skao.int/*"))
			f.refused("trust store ca:skao: file "+c.name+": ", c.says)
		})
	}
}

// A store that no statement names and a file beside the stores are told.
func TestWhatIsInNoStoreIsTold(t *testing.T) {
	f := newFiles(t)
	f.store("ca:skao-oci", "root.pem", stranger().root)
	f.store("CA:skao", "root.pem", stranger().root)
	f.write(filepath.Join(f.storeDir(), "x509", "tsa", "digicert.pem"), nil)
	f.write(filepath.Join(f.storeDir(), "x509", "ca", ".DS_Store"), nil)
	f.policy(statement("skao", "harbor.skao.int/*"))
	var told []string
	for _, u := range f.load().Unread() {
		told = append(told, u.String())
	}
	if want := []string{
		"x509/CA was not read: it is none of the folders [ca signingAuthority tsa]",
		"x509/ca/skao-oci was not read: no statement of the trust policy names it",
		"x509/tsa/digicert.pem was not read: it is in no store; put it into the folder of one",
	}; !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}

// A file that is not read is told from the reload that finds it, and verdicts stay.
func TestReloadTellsOfFilesThatAreNotRead(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "harbor.skao.int/*"))
	watched, err := trust.Open(f.policyFile(), f.storeDir())
	if err != nil {
		t.Fatal(err)
	}
	before := only(t, watched.Current()).Fingerprint()
	f.write(f.path("ca:skao", "README"), []byte("see the wiki"))
	if changed, err := watched.Reload(); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if notes := watched.Notes(); len(notes) != 1 || notes[0] != "trust store ca:skao: README was not read: it holds no certificate, in PEM or DER" {
		t.Errorf("notes %q", notes)
	}
	if only(t, watched.Current()).Fingerprint() != before {
		t.Error("what was remembered is lost")
	}
	f.remove(f.path("ca:skao", "README"))
	if changed, err := watched.Reload(); !changed || err != nil || len(watched.Notes()) > 0 {
		t.Errorf("%v, %v, %q", changed, err, watched.Notes())
	}
}
