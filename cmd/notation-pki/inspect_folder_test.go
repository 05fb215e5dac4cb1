package main

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/report"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// inspected runs inspect and returns what it writes, and its exit code.
func inspected(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(append([]string{"inspect"}, args...))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(t.Context())
	code = cli.Code(err)
	if code == cli.ExitFailed {
		return stdout.String() + err.Error(), code
	}
	return stdout.String(), code
}

// inspection is the JSON that inspect prints.
type inspection struct{ report.Report }

// reportOf is what inspect says as JSON.
func reportOf(t *testing.T, wantCode int, args ...string) inspection {
	t.Helper()
	out, code := inspected(t, append(args, "-o", "json")...)
	if code != wantCode {
		t.Fatalf("exit code %d, want %d: %s", code, wantCode, out)
	}
	var found inspection
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return found
}

func (i inspection) byName(t *testing.T, name string) report.Certificate {
	t.Helper()
	for _, c := range i.Certificates {
		if c.CommonName == name {
			return c
		}
	}
	t.Fatalf("no %q in %+v", name, i.Certificates)
	return report.Certificate{}
}

// has wants a problem of a kind, whose text holds all of the words.
func (i inspection) has(t *testing.T, kind inventory.ProblemKind, words ...string) {
	t.Helper()
	for _, p := range i.Problems {
		holds := func(word string) bool { return !strings.Contains(p.Text, word) }
		if p.Kind == kind && !slices.ContainsFunc(words, holds) {
			return
		}
	}
	t.Errorf("no problem %q with %q in %+v", kind, words, i.Problems)
}

// folderOf writes files into a new folder.
func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		expect.OK(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)))
	}
	return dir
}

func named(commonName string) pkix.Name {
	return pkix.Name{Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, CommonName: commonName}
}

func rootFor(t *testing.T, o ca.Options) *ca.CA {
	t.Helper()
	return expect.Must(ca.NewRoot(o))(t)
}

func signerOf(t *testing.T, issuer *ca.CA, o ca.Options) *ca.Identity {
	t.Helper()
	return expect.Must(issuer.Signer(o))(t)
}

func ago(days int) time.Time { return time.Now().Add(-time.Duration(days)*day - time.Hour) }

// A Kubernetes volume is read once, through its symlinks.
func TestKubernetesVolumeIsReadOnce(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"..2026_11_22/root.pem": ca.EncodeCertificates(rootFor(t, ca.Options{}).Cert)})
	expect.OK(t, errors.Join(os.Symlink("..2026_11_22", filepath.Join(dir, "..data")), os.Symlink("..data/root.pem", filepath.Join(dir, "root.pem"))))
	found := reportOf(t, 0, dir)
	if len(found.Certificates) != 1 || !slices.Equal(found.Certificates[0].Files, []string{filepath.Join(dir, "root.pem")}) {
		t.Errorf("found %+v", found.Certificates)
	}
}

func TestAFolderThatLeadsBackToItselfIsReadOnce(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"sub/root.pem": ca.EncodeCertificates(rootFor(t, ca.Options{}).Cert)})
	expect.OK(t, os.Symlink("..", filepath.Join(dir, "sub", "up")))
	if found := reportOf(t, 0, dir); len(found.Certificates[0].Files) != 1 {
		t.Errorf("found in %q", found.Certificates[0].Files)
	}
}

func TestWhatCannotBeReadIsNoPeace(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"root.pem": ca.EncodeCertificates(rootFor(t, ca.Options{}).Cert)})
	expect.OK(t, os.Symlink("loop.pem", filepath.Join(dir, "loop.pem")))
	out, code := inspected(t, dir)
	if code != cli.ExitFailed || !strings.Contains(out, "root CA  Example Root CA") || !strings.Contains(out, "not all of it could be read") {
		t.Errorf("%d: %s", code, out)
	}
}

func TestDamageIsToldWhereACertificateIsClaimed(t *testing.T) {
	whole := ca.EncodeCertificates(rootFor(t, ca.Options{}).Cert)
	half := whole[:len(whole)/2]
	for _, c := range []struct {
		name    string
		content []byte
		want    string // "" is silence
	}{
		{"half.pem", half, "only 0 of its 1 PEM blocks"},
		{"second.crt", slices.Concat(whole, half), "only 1 of its 2 PEM blocks"},
		{"garbage.pem", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate 1 is damaged"},
		{"crl.crl", []byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), "the CRL is damaged"},
		{"empty.cer", nil, "holds no certificate and no CRL"},
		{"README.md", []byte("Paste it:\n-----BEGIN CERTIFICATE-----\n…\n"), ""},
		{"index.txt", []byte("V\t361119174154Z\t\t01\tunknown\t/CN=a\n"), ""},
		{"dh.pem", []byte("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folderOf(t, map[string][]byte{c.name: c.content, "root.pem": whole})
			if c.want == "" {
				reportOf(t, 0, dir)
				return
			}
			reportOf(t, report.ExitProblems, dir).has(t, inventory.Damaged, c.name, c.want)
		})
	}
}

func TestASymlinkToNothingIsTold(t *testing.T) {
	dir := folderOf(t, map[string][]byte{"root.pem": ca.EncodeCertificates(rootFor(t, ca.Options{}).Cert)})
	expect.OK(t, os.Symlink("gone", filepath.Join(dir, "next.pem")))
	reportOf(t, report.ExitProblems, dir).has(t, inventory.Damaged, "next.pem", "leads nowhere")
}

func TestKeysThatOthersMayHaveAreTold(t *testing.T) {
	issuer := rootFor(t, ca.Options{})
	signer := signerOf(t, issuer, ca.Options{})
	caKey, signerKey := expect.Must(ca.EncodeKey(issuer.Key))(t), expect.Must(ca.EncodeKey(signer.Key))(t)
	locked := expect.Must(ca.EncodeEncryptedKey(issuer.Key, []byte("a long passphrase")))(t)
	chain := ca.EncodeCertificates(signer.Chain...)

	reportOf(t, 0, folderOf(t, map[string][]byte{"chain.pem": chain, "ca.key": locked}))
	reportOf(t, report.ExitProblems, folderOf(t, map[string][]byte{"chain.pem": chain, "ca.key": caKey})).has(t, inventory.KeyInTheClear, "ca.key", "Example Root CA")

	dir := folderOf(t, map[string][]byte{"localkeys/s.crt": chain, "localkeys/s.key": signerKey})
	if found := reportOf(t, 0, dir); len(found.Notes) != 1 || !strings.Contains(found.Notes[0], "localkeys") {
		t.Errorf("notes %q", found.Notes)
	}
	expect.OK(t, os.Chmod(filepath.Join(dir, "localkeys", "s.key"), 0o604))
	reportOf(t, report.ExitProblems, dir).has(t, inventory.KeyReadable, "s.key", "0604")
}

func TestABrokenRuleIsToldInWords(t *testing.T) {
	root := rootFor(t, ca.Options{PathLen: new(int)})
	signer := signerOf(t, expect.Must(root.Intermediate(ca.Options{}))(t), ca.Options{})
	dir := folderOf(t, map[string][]byte{"chain.pem": ca.EncodeCertificates(signer.Chain...)})
	found := reportOf(t, report.ExitProblems, dir)
	found.has(t, inventory.BrokenRule, "Example Root CA", "its path length is 0")
	if broken := found.byName(t, "Example Root CA").Violations; len(broken) != 1 || broken[0].Rule != rules.RulePathLength {
		t.Errorf("violations %+v", broken)
	}
	if out, _ := inspected(t, dir); !strings.Contains(out, "BREAKS      the rule path-length: its path length is 0") {
		t.Error(out)
	}
}

func TestAChainOutOfOrderIsToldWithItsFile(t *testing.T) {
	signer := signerOf(t, rootFor(t, ca.Options{}), ca.Options{})
	dir := folderOf(t, map[string][]byte{"upside-down.pem": ca.EncodeCertificates(signer.Chain[1], signer.Chain[0])})
	reportOf(t, report.ExitProblems, dir).has(t, inventory.BrokenRule, "upside-down.pem: the certificates are out of order")
	reportOf(t, 0, folderOf(t, map[string][]byte{"apart.pem": ca.EncodeCertificates(signer.Cert), "root.pem": ca.EncodeCertificates(signer.Root())}))
}

func TestSeveralRootsInAFileAreNoChain(t *testing.T) {
	roots := ca.EncodeCertificates(rootFor(t, ca.Options{Subject: named("One")}).Cert, rootFor(t, ca.Options{Subject: named("Two")}).Cert)
	reportOf(t, 0, folderOf(t, map[string][]byte{"roots.pem": roots}))
}

func TestACertificateForTLSIsHeldToNoRuleForSigning(t *testing.T) {
	server := expect.Must(rootFor(t, ca.Options{}).Server(ca.Options{DNSNames: []string{"localhost"}}))(t)
	dir := folderOf(t, map[string][]byte{"tls.crt": ca.EncodeCertificates(server.Chain...)})
	if c := reportOf(t, 0, dir).byName(t, "server"); c.Role != rules.RoleOther || c.Identity != "" {
		t.Errorf("found %+v", c)
	}
	if out, _ := inspected(t, dir); !strings.Contains(out, "certificate for TLS or another use, not for signing") {
		t.Error(out)
	}
}

// The rules for signers apply to a certificate without an extended key usage.
func TestCertificateWithoutAPurpose(t *testing.T) {
	root, key := rootFor(t, ca.Options{}), expect.Must(ca.ECP256.Generate())(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: named("By defaults"), NotBefore: ago(1), NotAfter: ago(-9)}
	der := expect.Must(x509.CreateCertificate(rand.Reader, template, root.Cert, key.Public(), root.Key))(t)
	dir := folderOf(t, map[string][]byte{"signer.crt": der, "root.crt": ca.EncodeCertificates(root.Cert)})
	reportOf(t, report.ExitProblems, dir).has(t, inventory.BrokenRule, "By defaults", "has no key usage")
}

func TestTheIdentityIsToldWhereNotationTakesIt(t *testing.T) {
	mail := named("Signer")
	mail.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: "oci@skao.int"}}
	for _, c := range []struct {
		name                   string
		subject                pkix.Name
		identity, refusedSince string
	}{
		{"plain", named(`A "B", C`), `x509.subject: CN=A \"B\"\, C,O=SKAO,ST=England,C=GB`, ""},
		{"emailAddress", mail, "", "emailAddress"},
		{"no state", pkix.Name{Country: []string{"GB"}, Organization: []string{"SKAO"}, CommonName: "Signer"}, "", "lacks C, ST or O"},
		{"two O", pkix.Name{Country: []string{"GB"}, Province: []string{"E"}, Organization: []string{"A", "B"}, CommonName: "S"}, "", "notation cannot read its name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer := signerOf(t, rootFor(t, ca.Options{}), ca.Options{Subject: c.subject})
			found := reportOf(t, 0, folderOf(t, map[string][]byte{"chain.pem": ca.EncodeCertificates(signer.Chain...)}))
			got := found.Certificates[1]
			if got.Identity != c.identity || !strings.Contains(got.NoIdentity, c.refusedSince) || (got.NoIdentity == "") != (c.refusedSince == "") {
				t.Errorf("%q %q", got.Identity, got.NoIdentity)
			}
		})
	}
}

func TestNamesDoNotMoveTheCursor(t *testing.T) {
	root := rootFor(t, ca.Options{Subject: named("a\x1b[2Jb")})
	out, _ := inspected(t, folderOf(t, map[string][]byte{"root.pem": ca.EncodeCertificates(root.Cert)}))
	if strings.Contains(out, "\x1b") || !strings.Contains(out, "a�[2Jb") {
		t.Errorf("%q", out)
	}
}

func TestCAsThatCertifyEachOtherAreShownOnce(t *testing.T) {
	one, two := rootFor(t, ca.Options{Subject: named("One")}), rootFor(t, ca.Options{Subject: named("Two")})
	oneByTwo := expect.Must(two.Intermediate(ca.Options{Subject: named("One"), Key: one.Key, PathLen: new(3)}))(t)
	twoByOne := expect.Must(one.Intermediate(ca.Options{Subject: named("Two"), Key: two.Key, PathLen: new(3)}))(t)
	dir := folderOf(t, map[string][]byte{"cross.pem": ca.EncodeCertificates(oneByTwo.Cert, twoByOne.Cert)})
	found := reportOf(t, 0, dir)
	if len(found.Certificates) != 2 || !strings.Contains(found.Certificates[0].NoIssuer, "certify each other") || found.Certificates[1].NoIssuer != "" {
		t.Errorf("found %+v", found.Certificates)
	}
}

func TestARotatedRootIsToldFromTheOneBefore(t *testing.T) {
	before, after := rootFor(t, ca.Options{}), rootFor(t, ca.Options{})
	signer := signerOf(t, before, ca.Options{})
	dir := folderOf(t, map[string][]byte{"a.pem": ca.EncodeCertificates(before.Cert), "b.pem": ca.EncodeCertificates(after.Cert), "s.pem": ca.EncodeCertificates(signer.Cert)})
	if got := reportOf(t, 0, dir).byName(t, "Example Signer"); got.Issuer != ca.Thumbprint(before.Cert) {
		t.Errorf("issuer %q", got.Issuer)
	}
	expect.OK(t, os.Remove(filepath.Join(dir, "a.pem")))
	if got := reportOf(t, 0, dir).byName(t, "Example Signer"); got.Issuer != "" || !strings.Contains(got.NoIssuer, "with another key") {
		t.Errorf("issuer %q, %q", got.Issuer, got.NoIssuer)
	}
}

func TestTheOrderIsTheSameEveryTimeAndNoListIsNull(t *testing.T) {
	root := rootFor(t, ca.Options{})
	files := map[string][]byte{"root.pem": ca.EncodeCertificates(root.Cert), "root.crl": expect.Must(root.CRL(ca.CRLOptions{}))(t)}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		files[name+".pem"] = ca.EncodeCertificates(signerOf(t, root, ca.Options{Subject: named("Same")}).Cert)
	}
	dir := folderOf(t, files)
	first, _ := inspected(t, dir, "-o", "json")
	second, _ := inspected(t, dir, "-o", "json")
	if first != second {
		t.Errorf("not the same:\n%s\n%s", first, second)
	}
	if strings.Contains(strings.ReplaceAll(first, `"revoked": null`, ""), "null") {
		t.Error(first)
	}
}

// times of an authority and what it issued.
type times struct{ root, signer1, signer2 time.Time }

// rotated is a PKI folder with two generations of a signer.
func rotated(t *testing.T, ends times) (dir string, root *ca.CA, before *ca.Identity) {
	root = rootFor(t, ca.Options{NotBefore: ago(1000), NotAfter: ends.root})
	files := map[string][]byte{"root/1/cert.pem": ca.EncodeCertificates(root.Cert)}
	for i, end := range []time.Time{ends.signer1, ends.signer2} {
		signer := signerOf(t, root, ca.Options{NotBefore: ago(900), NotAfter: end})
		number := string(rune('1' + i))
		files["signer/"+number+"/cert.pem"] = ca.EncodeCertificates(signer.Cert)
		files["signer/"+number+"/chain.pem"] = ca.EncodeCertificates(signer.Chain...)
		files["root/1/issued/"+layout.Serial(signer.Cert.SerialNumber)+".pem"] = ca.EncodeCertificates(signer.Cert)
		if i == 0 {
			before = signer
		}
	}
	return folderOf(t, files), root, before
}

func TestOnlyWhatNeedsASuccessorFailsForItsEnd(t *testing.T) {
	far := time.Now().Add(1000 * day)
	for _, c := range []struct {
		name string
		ends times
		want string // "" is none
	}{
		{"nothing ends", times{far, far, far}, ""},
		{"ends soon", times{far, far, time.Now().Add(10*day + time.Hour)}, "(signer/2) ends on"},
		{"ended", times{far, far, ago(3)}, "(signer/2) ended on"},
		{"superseded, ends soon", times{far, time.Now().Add(10 * day), far}, "(signer/1) ends on"},
		{"superseded, has ended", times{far, ago(3), far}, ""},
		{"both have ended", times{far, ago(3), ago(2)}, "(signer/2) ended on"},
		{"an older one, ended too", times{far, ago(3), ago(2)}, "(signer/1) ended on"},
		{"the root ends, by the day", times{time.Now().Add(30*day - time.Hour), far, far}, "(root/1) ends on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _, _ := rotated(t, c.ends)
			reportOf(t, 0, dir)
			if c.want == "" {
				reportOf(t, 0, "--fail-within", "30d", dir)
				return
			}
			reportOf(t, report.ExitProblems, "--fail-within", "30d", dir).has(t, inventory.EndsTooSoon, c.want)
		})
	}
}

func TestARecordOfWhatHasEndedFailsNothing(t *testing.T) {
	dir, _, _ := rotated(t, times{time.Now().Add(1000 * day), ago(3), ago(2)})
	expect.OK(t, os.RemoveAll(filepath.Join(dir, "signer")))
	reportOf(t, 0, "--fail-within", "30d", dir)
}

func TestDaysAreWholeAndPastOnesAreTold(t *testing.T) {
	dir, _, _ := rotated(t, times{time.Now().Add(1000 * day), ago(3), time.Now().Add(10*day + 23*time.Hour)})
	var left []int
	for _, c := range reportOf(t, 0, dir).Certificates {
		left = append(left, c.DaysLeft)
	}
	slices.Sort(left)
	if !slices.Equal(left, []int{-3, 10, 999}) {
		t.Errorf("days left %v", left)
	}
	if out, _ := inspected(t, dir); !strings.Contains(out, "ended 3 days ago") || !strings.Contains(out, "10 days left") {
		t.Error(out)
	}
}

func crlOf(t *testing.T, issuer *ca.CA, number int64, from, to time.Time, revoked ...*x509.Certificate) []byte {
	t.Helper()
	o := ca.CRLOptions{Number: number, ThisUpdate: from, NextUpdate: to}
	for _, cert := range revoked {
		o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: ago(1), ReasonCode: 1})
	}
	return expect.Must(issuer.CRL(o))(t)
}

func TestTheNewestCRLCounts(t *testing.T) {
	far := time.Now().Add(1000 * day)
	dir, root, before := rotated(t, times{far, ago(-10), far})
	put := func(name string, der []byte) { expect.OK(t, os.WriteFile(filepath.Join(dir, name), der, 0o600)) }

	put("2.crl", crlOf(t, root, 2, ago(2), ago(-12), before.Cert))
	put("1.crl", crlOf(t, root, 1, ago(40), ago(20)))
	found := reportOf(t, 0, "--fail-within", "11d", dir)
	if got := found.byName(t, "Example Signer"); got.Revoked == nil && found.Certificates[2].Revoked == nil {
		t.Errorf("not revoked: %+v", got)
	}
	if len(found.CRLs) != 2 || !found.CRLs[0].Newest || found.CRLs[0].Number != "2" || found.CRLs[1].Newest {
		t.Errorf("CRLs %+v", found.CRLs)
	}

	put("2.crl", crlOf(t, root, 2, ago(40), ago(-2)))
	found = reportOf(t, report.ExitProblems, "--fail-within", "5d", dir)
	found.has(t, inventory.EndsTooSoon, "2.crl", `the CRL of "Example Root CA" ends on`)

	put("3.crl", ca.EncodeCRL(crlOf(t, root, 3, ago(30), ago(16))))
	reportOf(t, report.ExitProblems, dir).has(t, inventory.StaleCRL, "3.crl", "no image that is signed below it is admitted")
}

// A CRL that its issuer did not sign is a problem, and revokes nothing.
func TestForgedCRLRevokesNothing(t *testing.T) {
	root := rootFor(t, ca.Options{})
	forger := rootFor(t, ca.Options{})
	forger.Cert.SubjectKeyId = root.Cert.SubjectKeyId
	signer := signerOf(t, root, ca.Options{})
	dir := folderOf(t, map[string][]byte{"chain.pem": ca.EncodeCertificates(signer.Chain...), "forged.crl": crlOf(t, forger, 9, ago(1), ago(-9), signer.Cert)})
	found := reportOf(t, report.ExitProblems, dir)
	found.has(t, inventory.ForgedCRL, "forged.crl", "Example Root CA")
	if found.byName(t, "Example Signer").Revoked != nil {
		t.Error("a forged list revokes")
	}
}

func TestTheCRLOfACAThatHasEndedIsOfNoInterest(t *testing.T) {
	root := rootFor(t, ca.Options{NotBefore: ago(100), NotAfter: ago(10)})
	dir := folderOf(t, map[string][]byte{"root.pem": ca.EncodeCertificates(root.Cert), "root.crl": crlOf(t, root, 1, ago(50), ago(40))})
	reportOf(t, 0, dir)
}
