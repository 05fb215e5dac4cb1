package bundle

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/config"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless the error tells of the words.
func refused(t *testing.T, what string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: error %v, want %q", what, err, words)
	}
}

// soundTrust is a bundle that verifiers take, and its root.
func soundTrust(t *testing.T) (*Trust, *ca.CA) {
	t.Helper()
	root := newRoot(t)
	trust := &Trust{
		Policy: "skao", Scopes: []string{"*"}, Identities: []string{"x509.subject: C=GB, ST=England, O=SKAO"},
		CAStore: "skao-oci", TSAStore: "stamps", VerifyTimestamp: trustpolicy.OptionAfterCertExpiry,
	}
	done(t, trust.AddCA("root-1", root.Cert))
	return trust, root
}

func newRoot(t *testing.T) *ca.CA {
	t.Helper()
	return expect.Must(ca.NewRoot(ca.Options{}))(t)
}

// files are the trust's.
func files(t *testing.T, trust *Trust) map[string][]byte {
	t.Helper()
	return expect.Must(trust.Files())(t)
}

func names(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }

// signed is a certificate with these two names, made with one key for another.
func signed(t *testing.T, subject, issuer string, by, of *ca.CA, isCA bool) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: subject}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: isCA, KeyUsage: x509.KeyUsageCertSign,
	}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: issuer}}
	der := expect.Must(x509.CreateCertificate(nil, template, parent, of.Key.Public(), by.Key))(t)
	return expect.Must(x509.ParseCertificate(der))(t)
}

func TestATrustStoreTakesWhatVouchesForItselfAlone(t *testing.T) {
	a, b := newRoot(t), newRoot(t)
	intermediate := expect.Must(a.Intermediate(ca.Options{}))(t)
	for _, c := range []struct {
		name    string
		cert    *x509.Certificate
		ca, tsa bool
	}{
		{"a root", a.Cert, true, true},
		{"a signer on its own", expect.Must(ca.SelfSigned(ca.Options{}))(t).Cert, true, false},
		{"an intermediate", intermediate.Cert, false, false},
		{"a signer", expect.Must(intermediate.Signer(ca.Options{}))(t).Cert, false, false},
		{"one that is signed by another key", signed(t, "Root", "Root", a, b, true), false, false},
		{"one with its key under another name", signed(t, "Root", "Other", a, a, true), false, false},
		{"one made by hand", signed(t, "Root", "Root", a, a, true), true, true},
	} {
		for _, k := range []struct {
			kind  string
			add   func(*Trust, string, *x509.Certificate) error
			taken bool
			words string
		}{
			{"ca", (*Trust).AddCA, c.ca, "a trust store holds roots"},
			{"tsa", (*Trust).AddTSA, c.tsa, "is no root CA"},
		} {
			trust := &Trust{CAStore: "ours", TSAStore: "theirs"}
			err := k.add(trust, "", c.cert)
			if k.taken {
				done(t, err)
				store := map[string]string{"ca": "ca/ours", "tsa": "tsa/theirs"}[k.kind]
				if got, want := names(trust.stores), "truststore/x509/"+store+"/"+ca.Thumbprint(c.cert)[:16]+".pem"; !slices.Equal(got, []string{want}) {
					t.Errorf("%s into %s: %q, want %q", c.name, k.kind, got, want)
				}
				continue
			}
			refused(t, c.name+" into "+k.kind, err, k.words)
			if len(trust.stores) > 0 {
				t.Errorf("%s is in %s all the same", c.name, k.kind)
			}
		}
	}
}

func TestTheNameOfATrustStoreLeadsNowhereElse(t *testing.T) {
	root := newRoot(t)
	for _, store := range []string{"", ".", "..", "../ca", "../tsa/x", "a/b", "a/", "/etc", "a/../b", "../../.."} {
		trust := &Trust{CAStore: store, TSAStore: store}
		refused(t, store, trust.AddCA("root-1", root.Cert), "is no name for a trust store")
		refused(t, store, trust.AddTSA("root-1", root.Cert), "is no name for a trust store")
		if len(trust.stores) > 0 {
			t.Errorf("%q: %q", store, names(trust.stores))
		}
	}
}

func TestWithoutARootThereIsNoBundle(t *testing.T) {
	trust := &Trust{Scopes: []string{"*"}, Identities: []string{"*"}, CAStore: "skao-oci", TSAStore: "skao-oci"}
	_, err := trust.Files()
	refused(t, "nothing", err, "there is no root to trust")
	done(t, trust.AddTSA("stamps", newRoot(t).Cert))
	_, err = trust.Files()
	refused(t, "the root of a timestamp authority alone", err, "there is no root to trust")
}

func TestThePolicyIsStrictAndNamesTheStoresThatAreThere(t *testing.T) {
	trust, root := soundTrust(t)
	policy := func() trustpolicy.TrustPolicy {
		t.Helper()
		var document trustpolicy.Document
		done(t, json.Unmarshal(files(t, trust)["trustpolicy.json"], &document))
		done(t, document.Validate())
		if len(document.TrustPolicies) != 1 {
			t.Fatalf("%d statements", len(document.TrustPolicies))
		}
		return document.TrustPolicies[0]
	}
	want := trustpolicy.TrustPolicy{
		Name: "skao", RegistryScopes: trust.Scopes, TrustedIdentities: trust.Identities,
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustStores:           []string{"ca:skao-oci"},
	}
	if got := policy(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := names(files(t, trust)); !slices.Equal(got, []string{"trustpolicy.json", "truststore/x509/ca/skao-oci/root-1.pem"}) {
		t.Errorf("%q", got)
	}
	stamps := newRoot(t)
	done(t, trust.AddTSA("", stamps.Cert))
	for _, when := range []trustpolicy.TimestampOption{trustpolicy.OptionAlways, trustpolicy.OptionAfterCertExpiry} {
		trust.VerifyTimestamp = when
		want.TrustStores, want.SignatureVerification.VerifyTimestamp = []string{"ca:skao-oci", "tsa:stamps"}, when
		if got := policy(); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	all := files(t, trust)
	for _, tc := range []struct {
		name string
		cert *x509.Certificate
	}{
		{"truststore/x509/ca/skao-oci/root-1.pem", root.Cert},
		{"truststore/x509/tsa/stamps/" + ca.Thumbprint(stamps.Cert)[:16] + ".pem", stamps.Cert},
	} {
		if !bytes.Equal(all[tc.name], ca.EncodeCertificates(tc.cert)) {
			t.Errorf("%s holds %q", tc.name, all[tc.name])
		}
	}
}

// The ConfigMap holds every file, and the values mount each at its path.
func TestConfigMapAndValues(t *testing.T) {
	trust, _ := soundTrust(t)
	done(t, trust.AddTSA("a", newRoot(t).Cert))
	plain := files(t, trust)
	trust.ConfigMap, trust.Namespace = "our-trust", "ours"
	all := files(t, trust)
	var cm corev1.ConfigMap
	var v values
	done(t, yaml.UnmarshalStrict(all["kubernetes/configmap.yaml"], &cm))
	done(t, yaml.UnmarshalStrict(all["kubernetes/values.yaml"], &v))
	if cm.Kind != "ConfigMap" || cm.APIVersion != "v1" || cm.Name != "our-trust" || cm.Namespace != "ours" || v.Trust.ConfigMap.Name != "our-trust" {
		t.Errorf("%+v; the chart mounts %q", cm.ObjectMeta, v.Trust.ConfigMap.Name)
	}
	mounted := map[string][]byte{}
	for _, item := range v.Trust.ConfigMap.Items {
		mounted[item.Path] = []byte(cm.Data[item.Key])
	}
	if !reflect.DeepEqual(mounted, plain) || len(cm.Data) != len(plain) {
		t.Errorf("%q is mounted of %q, want %q", names(mounted), slices.Sorted(maps.Keys(cm.Data)), names(plain))
	}
	if got := slices.Sorted(maps.Keys(cm.Data)); !slices.Equal(got, []string{"ca.skao-oci.root-1.pem", "trustpolicy.json", "tsa.stamps.a.pem"}) {
		t.Errorf("keys %q", got)
	}
}

func TestAConfigMapThatKubernetesWouldNotStoreIsRefused(t *testing.T) {
	trust := &Trust{ConfigMap: "x"}
	const key = "trustpolicy.json"
	for _, tc := range []struct {
		size int
		fits bool
	}{{maxConfigMap - len(key), true}, {maxConfigMap - len(key) + 1, false}} {
		err := trust.addKubernetes(map[string][]byte{key: bytes.Repeat([]byte("x"), tc.size)})
		if tc.fits {
			done(t, err)
		} else {
			refused(t, "one byte too many", err, "the ConfigMap would hold 1048577 bytes, and Kubernetes stores 1048576")
		}
	}
}

func TestAFolderToSignWithHoldsWholePathsWhereItWillBe(t *testing.T) {
	root := newRoot(t)
	intermediate := expect.Must(root.Intermediate(ca.Options{}))(t)
	trust, _ := soundTrust(t)
	trust.Signer, trust.SignerName = expect.Must(intermediate.Signer(ca.Options{}))(t), "skao-oci"
	here := expect.Must(os.Getwd())(t)
	for _, tc := range []struct{ install, want string }{{"notation", filepath.Join(here, "notation")}, {"/home/ci/notation/", "/home/ci/notation"}, {"..", filepath.Dir(here)}} {
		trust.InstallDir = tc.install
		all := files(t, trust)
		var keys config.SigningKeys
		done(t, json.Unmarshal(all["signingkeys.json"], &keys))
		key := expect.Must(keys.GetDefault())(t)
		if key.Name != "skao-oci" || key.KeyPath != tc.want+"/localkeys/skao-oci.key" || key.CertificatePath != tc.want+"/localkeys/skao-oci.crt" {
			t.Errorf("%s: %q %+v", tc.install, key.Name, key.X509KeyPair)
		}
		if got := all["localkeys/skao-oci.crt"]; !bytes.Equal(got, ca.EncodeCertificates(trust.Signer.Chain...)) || len(trust.Signer.Chain) != 3 {
			t.Errorf("the chain is %s", got)
		}
		if got := all["localkeys/skao-oci.key"]; !bytes.Equal(got, expect.Must(ca.EncodeKey(trust.Signer.Key))(t)) {
			t.Error("the key is another")
		}
	}
}

// There is no folder to sign with for a signer whose key is elsewhere.
func TestSignerWithoutItsKey(t *testing.T) {
	trust, root := soundTrust(t)
	signer := expect.Must(root.Signer(ca.Options{Public: newRoot(t).Key.Public()}))(t)
	trust.Signer, trust.SignerName = signer, "skao-oci"
	if _, err := trust.Files(); err == nil {
		t.Error("it is made without a key")
	}
}

// tree lists what is in a folder, with modes.
func tree(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	done(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		info, err := entry.Info()
		all[strings.TrimPrefix(path, folder+"/")] = info.Mode()
		return err
	}))
	return all
}

// A bundle is written to a new or empty folder, and only its owner can read it.
func TestBundleFolderAndModes(t *testing.T) {
	trust, _ := soundTrust(t)
	top := t.TempDir()
	want := map[string]fs.FileMode{}
	for _, out := range []string{"new", "deep/down", "empty", "slash/"} {
		if out == "empty" {
			done(t, os.Mkdir(filepath.Join(top, out), 0o755))
		}
		expect.Must(Write(top+"/"+out, files(t, trust)))(t)
		out = filepath.Clean(out)
		for ; out != "."; out = filepath.Dir(out) {
			want[out] = fs.ModeDir | 0o700
		}
	}
	for _, out := range []string{"new", "deep/down", "empty", "slash"} {
		for _, folder := range []string{"truststore", "truststore/x509", "truststore/x509/ca", "truststore/x509/ca/skao-oci"} {
			want[out+"/"+folder] = fs.ModeDir | 0o700
		}
		want[out+"/trustpolicy.json"], want[out+"/truststore/x509/ca/skao-oci/root-1.pem"] = 0o600, 0o600
	}
	if got := tree(t, top); !maps.Equal(got, want) {
		t.Errorf("%v\nwant\n%v", got, want)
	}
}

func TestNothingIsWrittenOverWhatIsThere(t *testing.T) {
	trust, _ := soundTrust(t)
	top := t.TempDir()
	for _, tc := range []struct{ name, content string }{{"full/trustpolicy.json", "mine"}, {"hidden/.git", "mine"}, {"file", "mine"}} {
		done(t, os.MkdirAll(filepath.Dir(filepath.Join(top, tc.name)), 0o755))
		done(t, os.WriteFile(filepath.Join(top, tc.name), []byte(tc.content), 0o644))
	}
	before := tree(t, top)
	for _, tc := range []struct{ out, words string }{{"full", "full is not empty, and nothing is overwritten"}, {"hidden", "is not empty"}, {"file", "file"}, {"file/below", "file"}} {
		_, err := Write(filepath.Join(top, tc.out), files(t, trust))
		refused(t, tc.out, err, tc.words)
	}
	if after := tree(t, top); !maps.Equal(before, after) {
		t.Errorf("%v\nwas\n%v", after, before)
	}
	for name := range before {
		if content, err := os.ReadFile(filepath.Join(top, name)); err == nil && string(content) != "mine" {
			t.Errorf("%s is %q", name, content)
		}
	}
}

func TestWhatNoVerifierTakesIsNotWritten(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*Trust)
	}{
		{"no identity", func(trust *Trust) { trust.Identities = []string{"SKAO"} }},
		{"no scope", func(trust *Trust) { trust.Scopes = []string{"https://harbor.skao.int"} }},
		{"no name", func(trust *Trust) { trust.Policy = "" }},
		{"no timestamp word", func(trust *Trust) { trust.VerifyTimestamp = "sometimes"; _ = trust.AddTSA("a", newRoot(t).Cert) }},
		{"an odd store", func(trust *Trust) {
			trust.CAStore = "a b"
			_ = trust.AddCA("a", newRoot(t).Cert)
		}},
	} {
		trust, _ := soundTrust(t)
		tc.spoil(trust)
		top := t.TempDir()
		done(t, os.Mkdir(filepath.Join(top, "empty"), 0o755))
		before := tree(t, top)
		for _, out := range []string{"new", "empty"} {
			_, err := Write(filepath.Join(top, out), files(t, trust))
			refused(t, tc.name, err, "nothing was written, since no verifier would take it")
		}
		if after := tree(t, top); !maps.Equal(before, after) {
			t.Errorf("%s: %v", tc.name, after)
		}
	}
}

func TestWhatWillBiteSomeDayIsTold(t *testing.T) {
	trust, _ := soundTrust(t)
	done(t, trust.AddCA("soon", expect.Must(ca.NewRoot(ca.Options{NotAfter: time.Now().Add(time.Hour)}))(t).Cert))
	warnings := expect.Must(Write(filepath.Join(t.TempDir(), "trust"), files(t, trust)))(t)
	if len(warnings) == 0 || !strings.Contains(strings.Join(warnings, "\n"), "soon") {
		t.Errorf("warnings %q", warnings)
	}
}
