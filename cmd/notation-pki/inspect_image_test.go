package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
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
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/report"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// registryFlags tell how to reach a registry of the rig.
func registryFlags(t *testing.T, r *rig.Registry) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	expect.OK(t, os.WriteFile(file, r.CAPEM(), 0o600))
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return []string{"--registry-ca", file}
}

func TestEverySignatureOfAnImageIsLookedAt(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	flags := registryFlags(t, r)
	if out, code := inspected(t, append(flags, image.Tagged())...); code != cli.ExitFailed || !strings.Contains(out, "has no notation signature") {
		t.Errorf("%d: %s", code, out)
	}
	other := w.NewPKI(rig.PKIOptions{Organization: "Other"})
	first := w.Sign(image, rig.Signature{})
	second := w.Sign(image, rig.Signature{By: other.Signer, Options: ca.SignOptions{MediaType: ca.COSE}, TSA: w.TSA})

	found := reportOf(t, 0, append(flags, image.Tagged())...)
	from := func(name string) []string { return found.byName(t, name).Files }
	if got, want := from("SKAO OCI Signer"), []string{"signature " + first.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("SKAO's signer is in %q", got)
	}
	if got, want := from("Other Root CA"), []string{"signature " + second.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("the other's root is in %q", got)
	}
	if got, want := from("Timestamp Authority"), []string{"timestamp of signature " + second.Manifest.Digest.String()}; !slices.Equal(got, want) {
		t.Errorf("the timestamp authority is in %q", got)
	}
	reportOf(t, report.ExitProblems, append(flags, "--fail-within", "400d", image.Pinned())...).has(t, inventory.EndsTooSoon, "SKAO OCI Signer")
}

func TestASignatureThatIsDamagedHidesNoOther(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	w.Sign(image, rig.Signature{})
	w.Sign(image, rig.Signature{Defect: rig.Junk})
	found := reportOf(t, report.ExitProblems, append(registryFlags(t, r), image.Tagged())...)
	found.has(t, inventory.BadSignature, "the envelope cannot be read")
	found.byName(t, "SKAO OCI Signer")
}

func TestASignatureThatCannotBeFetchedIsNoPeace(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	w.Sign(image, rig.Signature{})
	lost := w.Sign(image, rig.Signature{Defect: rig.LostBlob})
	out, code := inspected(t, append(registryFlags(t, r), image.Tagged())...)
	if code != cli.ExitFailed || !strings.Contains(out, "signer  SKAO OCI Signer") || !strings.Contains(out, "problem: signature "+lost.Manifest.Digest.String()) {
		t.Errorf("%d: %s", code, out)
	}
}

// pushed attaches any bytes to an image as a signature.
func pushed(t *testing.T, image rig.Image, envelope []byte) {
	t.Helper()
	issuer := filepath.Join(t.TempDir(), "ca.pem")
	expect.OK(t, os.WriteFile(issuer, image.Registry.CAPEM(), 0o600))
	opened, err := (&images.Options{CAFile: issuer}).Open(image.Tagged())
	expect.OK(t, err)
	target, err := opened.Target(func() {})
	expect.OK(t, err)
	subject, err := opened.Resolve(t.Context())
	expect.OK(t, err)
	_, _, err = target.PushSignature(t.Context(), ca.JWS, envelope, subject, nil)
	expect.OK(t, err)
}

// A signature that is made to keep a reader busy is reported as too large, by both readers of signatures. Others beside it
// are read. Its key would take a quarter of an hour.
func TestSignaturesThatAreTooLargeAreTold(t *testing.T) {
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	image := w.PushImage(r, "production/ska-tango", "1.0")
	w.Sign(image, rig.Signature{})
	root := w.SKAO.Root
	public := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1<<19, 1), E: 1<<31 - 1}
	der, err := x509.CreateCertificate(rand.Reader, root.Cert, root.Cert, public, root.Key)
	expect.OK(t, err)
	for _, chain := range [][][]byte{{der}, slices.Repeat([][]byte{root.Cert.Raw}, 100)} {
		envelope, err := json.Marshal(map[string]any{"payload": "", "protected": "", "signature": "", "header": map[string]any{"x5c": chain}})
		expect.OK(t, err)
		pushed(t, image, envelope)
	}
	flags := registryFlags(t, r)
	found := reportOf(t, report.ExitProblems, append(flags, image.Tagged())...)
	found.has(t, inventory.BadSignature, "it is too large to be read: it holds 100 certificates, and 16 are the most")
	found.byName(t, "SKAO OCI Signer")
	var out strings.Builder
	list := newRoot()
	list.SetArgs(append([]string{"list", image.Tagged()}, flags...))
	list.SetOut(&out)
	expect.OK(t, list.ExecuteContext(t.Context()))
	for _, want := range []string{"error       it is too large to be read: the key is too large to be checked: RSA with 524289 bits", "error       it is too large to be read: it holds 100 certificates", "signer      CN=SKAO OCI Signer"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("list says %s; want %q", out.String(), want)
		}
	}
}

// A certificate, a list or a request with a name that takes minutes to be written as text is told, and not read.
func TestLongNamesAreNotRead(t *testing.T) {
	part := pkix.AttributeTypeAndValue{Type: []int{1, 2, 3}, Value: ""}
	long := pkix.Name{ExtraNames: slices.Repeat([]pkix.AttributeTypeAndValue{part}, 20_000)}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	expect.OK(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: long, SubjectKeyId: []byte{1}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	expect.OK(t, err)
	issuer, err := x509.ParseCertificate(cert)
	expect.OK(t, err)
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), NextUpdate: time.Now().Add(time.Hour)}, issuer, key)
	expect.OK(t, err)
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: long}, key)
	expect.OK(t, err)
	write := func(kind string, der []byte) string {
		file := filepath.Join(t.TempDir(), "a.pem")
		expect.OK(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	for _, tc := range []struct {
		kind string
		der  []byte
	}{{"CERTIFICATE", cert}, {"X509 CRL", list}} {
		if out, code := inspected(t, write(tc.kind, tc.der)); code == 0 || !strings.Contains(out, "too large to be checked") {
			t.Errorf("%s: %d: %.200s", tc.kind, code, out)
		}
	}
	_, err = ca.ReadRequest(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}))
	if !errors.Is(err, keysize.ErrSize) {
		t.Errorf("a request: %.200v", err)
	}
}
