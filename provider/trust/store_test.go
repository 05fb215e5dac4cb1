package trust_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// withStores is a good statement that trusts the stores.
func withStores(stores ...string) trustpolicy.TrustPolicy {
	s := statement("skao", "harbor.skao.int/*")
	s.TrustStores = stores
	return s
}

func TestAStoreThatCannotBeTrustedAsItIsIsRefusedByName(t *testing.T) {
	key, err := ca.ECP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	keyText, err := ca.EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	root := ca.EncodeCertificates(skao().root)
	for _, c := range []struct {
		name        string
		store, file string
		content     []byte
		want        string
		named       string // the store that the policy names, if it is another
	}{
		{"junk", "ca:x", "a.pem", []byte("junk"), "trust store ca:x: file a.pem: it holds no certificate, in PEM or DER", ""},
		{"junk in DER", "ca:x", "a.crt", skao().root.Raw[:100], "file a.crt: it holds no certificate, in PEM or DER", ""},
		{"empty file", "ca:x", "a.cer", nil, "file a.cer: it holds no certificate, in PEM or DER", ""},
		{"private key", "ca:x", "a.pem", keyText, "file a.pem: it has a PRIVATE KEY, where only certificates belong", ""},
		{"key behind a root", "ca:x", "a.pem", slices.Concat(root, keyText), "it has a PRIVATE KEY", ""},
		{"half a certificate", "ca:x", "a.pem", root[:len(root)/2], "only 0 of its 1 PEM blocks can be read", ""},
		{"one and a half", "ca:x", "a.pem", slices.Concat(root, root[:len(root)/2]), "only 1 of its 2 PEM blocks can be read", ""},
		{"leaf of a CA", "ca:x", "a.pem", ca.EncodeCertificates(skao().leaf), "is not a CA certificate or self-signed signing certificate", ""},
		{"leaf behind a root", "ca:x", "a.pem", ca.EncodeCertificates(skao().root, skao().leaf), "is not a CA certificate or self-signed", ""},
		{"leaf, authority", "signingAuthority:x", "a.pem", ca.EncodeCertificates(skao().leaf), "trust store signingAuthority:x: file a.pem", ""},
		{"tsa intermediate", "tsa:x", "a.pem", ca.EncodeCertificates(skao().intermediate), "is not a root certificate, and a tsa store holds nothing else", ""},
		{"tsa, self-signed", "tsa:x", "a.pem", ca.EncodeCertificates(selfSigned(t)), "is not a root certificate", ""},
		{"junk, other ending", "ca:x", "README", []byte("see the wiki"), "trust store ca:x: no file in it holds a certificate: put certificates, in PEM or DER, into ", ""},
		{"junk is named", "ca:x", "README", []byte("see the wiki"), "; not read: README (it holds no certificate, in PEM or DER)", ""},
		{"hidden", "ca:x", ".a.pem", root, "trust store ca:x: no file in it holds a certificate", ""},
		{"half, other ending", "ca:x", "a.txt", root[:len(root)/2], "file a.txt: only 0 of its 1 PEM blocks can be read", ""},
		{"half, no ending", "ca:x", "a", root[:len(root)/2], "file a: only 0 of its 1 PEM blocks can be read", ""},
		{"indented", "ca:x", "a", bytes.ReplaceAll(root, []byte("-----B"), []byte(" -----B")), "its lines are indented", ""},
		{"key behind, no ending", "ca:x", "a", slices.Concat(root, keyText), "it has a PRIVATE KEY", ""},
		{"leaf, no ending", "ca:x", "a", ca.EncodeCertificates(skao().leaf), "is not a CA certificate or self-signed", ""},
		{"openssl's own", "ca:x", "a", bytes.ReplaceAll(root, []byte(" CERT"), []byte(" TRUSTED CERT")), "openssl x509 -in OLD -out NEW", ""},
		{"junk, .CRT", "ca:x", "a.CRT", []byte("junk"), "file a.CRT: it holds no certificate", ""},
		{"junk, .ca-bundle", "ca:x", "a.ca-bundle", []byte("junk"), "file a.ca-bundle: it holds no certificate", ""},
		{"large key", "ca:x", "a.pem", ca.EncodeCertificates(withLargeKey(t)), "is too large to be checked", ""},
		{"missing", "ca:y", "a.pem", root, "trust store ca:x: open ", "ca:x"},
		{"of another type", "tsa:x", "a.pem", root, "trust store ca:x: open ", "ca:x"},
		{"tsa of another name", "tsa:x", "a.pem", ca.EncodeCertificates(issuedByAnotherName(t)), "is not a root certificate", ""},
		{"larger than any", "ca:x", "a.pem", []byte(strings.Repeat("x", 4<<20+1)), "is larger than 4194304 bytes", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFiles(t)
			f.write(f.path(c.store, c.file), c.content)
			named := cmp.Or(c.named, c.store)
			f.policy(withStores("ca:skao", named))
			f.refused(`statement "skao": trust store `+named+": ", c.want)
		})
	}
}

// issuedByAnotherName is a CA certificate that its own key signed in another name.
func issuedByAnotherName(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ca.ECP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "one"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: skao().root.NotBefore, NotAfter: skao().root.NotAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "other"}}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAStoreTakesWhatNotationTakes(t *testing.T) {
	f := newFiles(t)
	f.write(f.path("ca:x", "root.cer"), skao().root.Raw)
	f.write(f.path("ca:x", "bundle.pem"), slices.Concat([]byte("# two of them\n"), ca.EncodeCertificates(stranger().root, stranger().intermediate)))
	f.store("ca:x", "leaf.crt", selfSigned(t))
	f.store("signingAuthority:x", "root.pem", skao().root)
	f.store("tsa:x", "root.pem", skao().root)
	f.policy(withStores("ca:x", "signingAuthority:x", "tsa:x"))
	var files []string
	for _, c := range f.load().Certificates() {
		files = append(files, c.Store+"/"+c.File)
	}
	if want := []string{
		"ca:x/bundle.pem", "ca:x/bundle.pem", "ca:x/leaf.crt", "ca:x/root.cer", "signingAuthority:x/root.pem", "tsa:x/root.pem",
	}; !slices.Equal(files, want) {
		t.Errorf("got %q, want %q", files, want)
	}
}

func TestWhatIsNotAFileInAStoreIsRefused(t *testing.T) {
	f := newFiles(t)
	if err := os.Mkdir(f.path("ca:skao", "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.policy(withStores("ca:skao"))
	f.refused("file folder.pem", "not a regular file")
}

// volume is a folder as the kubelet makes it for a ConfigMap or Secret: every
// name is a link into ..data, which is a link to the version in force.
type volume struct {
	files
	dir string
}

func (v volume) put(version, name string, content []byte) {
	v.Helper()
	v.write(filepath.Join(v.dir, version, name), content)
	link := filepath.Join(v.dir, name)
	if err := os.Symlink(filepath.Join("..data", name), link); err != nil && !errors.Is(err, os.ErrExist) {
		v.Fatal(err)
	}
}

func (v volume) use(version string) {
	v.Helper()
	next := filepath.Join(v.dir, "..data_tmp")
	if err := errors.Join(os.Symlink(version, next), os.Rename(next, filepath.Join(v.dir, "..data"))); err != nil {
		v.Fatal(err)
	}
}

// Volumes with symlinks, as Kubernetes makes them, are loaded, and changes are found.
func TestKubernetesVolumesAreLoadedAndFollowed(t *testing.T) {
	f := files{t, t.TempDir()}
	policy := volume{f, f.dir}
	store := volume{f, f.path("ca:skao", "")}
	f.policy(statement("skao", "harbor.skao.int/*"))
	text, err := os.ReadFile(f.policyFile())
	if err != nil {
		t.Fatal(err)
	}
	f.remove(f.policyFile())
	policy.put("..2026_01_01", "trustpolicy.json", text)
	policy.use("..2026_01_01")
	store.put("..2026_01_01", "root.pem", ca.EncodeCertificates(skao().root))
	store.use("..2026_01_01")

	watched := f.open()
	if all := watched.Current().Certificates(); len(all) != 1 || all[0].File != "root.pem" || !all[0].Equal(skao().root) {
		t.Fatalf("got %+v", all)
	}
	store.put("..2026_02_02", "root.pem", ca.EncodeCertificates(stranger().root))
	if changed, err := watched.Reload(); changed || err != nil {
		t.Errorf("before the swap: %v %v", changed, err)
	}
	store.use("..2026_02_02")
	if changed, err := watched.Reload(); !changed || err != nil {
		t.Errorf("after the swap: %v %v", changed, err)
	}
	if all := watched.Current().Certificates(); len(all) != 1 || !all[0].Equal(stranger().root) {
		t.Errorf("got %+v", all)
	}
}

func TestEverythingThatIsWrongIsSaidAtOnceALineEach(t *testing.T) {
	f := newFiles(t)
	f.write(f.path("ca:junk", "a.pem"), []byte("junk"))
	f.write(f.path("ca:junk", "b.pem"), []byte("junk"))
	one := withLevel("audit", nil)
	one.TrustStores = []string{"ca:gone", "ca:junk", "tsa:gone"}
	one.RegistryScopes = []string{"harbor.skao.int", "harbor.skao.int/x"}
	two := withLevel("strict", nil) // of the same name
	two.TrustStores, two.RegistryScopes = nil, []string{"harbor.skao.int/x", "Harbor.skao.int/y"}
	f.policy(one, two)
	lines := strings.Split(f.refused(), "\n")
	for i, want := range []string{
		`level "audit"`, "trust store ca:gone", "file a.pem", "file b.pem", "trust store tsa:gone",
		`registry scope "harbor.skao.int" names no repository`,
		"missing trust stores", "another statement has its name", "is taken", `registry scope "Harbor.skao.int/y"`,
	} {
		if i >= len(lines) {
			t.Errorf("line %d is missing: %s", i+1, want)
		} else if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], `: statement "skao"`) {
			t.Errorf("line %d: got %q, want %q and the statement's name", i+1, lines[i], want)
		}
	}
	if len(lines) != 10 {
		t.Errorf("got %d lines, want 10:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}
