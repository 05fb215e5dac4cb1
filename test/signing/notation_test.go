package signing_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/config"
	"github.com/notaryproject/notation-go/dir"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// configured makes notation-go read its configuration from a folder, as XDG_CONFIG_HOME does for its command.
func configured(t *testing.T, folder string) {
	t.Helper()
	before := dir.UserConfigDir
	dir.UserConfigDir = folder
	t.Cleanup(func() { dir.UserConfigDir = before })
}

func TestNotationSignsAndVerifiesWithTheBundleAsItIs(t *testing.T) {
	for _, format := range []string{jws.MediaTypeEnvelope, cose.MediaTypeEnvelope} {
		for _, kind := range []rig.Kind{rig.API, rig.Tag} {
			t.Run(filepath.Base(format)+" "+string(kind), func(t *testing.T) {
				c := newCA(t)
				c.chain()
				c.run("bundle", "--scope", "*", "--signer", "signer", "--passphrase-file", "pass", "--out", "notation")
				configured(t, c.path("notation"))

				w := rig.ForTest(t)
				image := w.PushImage(w.Registry(rig.RegistryOptions{Kind: kind}), "production/app", "1.0")
				repository := registry.NewRepository(rig.Must(image.Registry.Remote(image.Repository))(t))
				ctx := t.Context()
				if err := notationVerify(ctx, repository, image); err == nil {
					t.Fatal("notation verifies an image without a signature")
				}
				key := rig.Must(rig.Must(config.LoadSigningKeys())(t).GetDefault())(t)
				with := rig.Must(signer.NewGenericSignerFromFiles(key.KeyPath, key.CertificatePath))(t)
				if _, err := notation.Sign(ctx, with, repository, notation.SignOptions{
					ArtifactReference: image.Pinned(),
					SignerSignOptions: notation.SignerSignOptions{SignatureMediaType: format},
				}); err != nil {
					t.Fatal(err)
				}
				if err := notationVerify(ctx, repository, image); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// notationVerify verifies as the notation command does, by its own configuration.
func notationVerify(ctx context.Context, repository registry.Repository, image rig.Image) error {
	judge, err := verifier.NewFromConfig()
	if err != nil {
		return err
	}
	_, _, err = notation.Verify(ctx, judge, repository, notation.VerifyOptions{ArtifactReference: image.Pinned(), MaxSignatureAttempts: 10})
	return err
}

// The notation command signs and verifies with the bundle as it is.
func TestNotationUsesTheBundle(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	tsa := w.Endpoints.PublishTSA(w.TSA)
	c.write("tsa.pem", string(ca.EncodeCertificates(w.TSA.Root())))
	c.run("bundle", "--scope", "*", "--tsa", "tsa.pem", "--signer", "signer", "--passphrase-file", "pass", "--out", "config/notation")
	for _, kind := range []rig.Kind{rig.API, rig.Tag} {
		r := w.Registry(rig.RegistryOptions{Kind: kind})
		c.write("registry.pem", string(r.CAPEM()))
		image := w.PushImage(r, "production/app", "1.0")
		run := func(args ...string) (string, error) {
			run := exec.CommandContext(t.Context(), rig.Must(binaries.Command("notation"))(t), args...)
			run.Env = append(os.Environ(), "XDG_CONFIG_HOME="+c.path("config"), "XDG_CACHE_HOME="+c.path("cache"), "SSL_CERT_FILE="+c.path("registry.pem"))
			said, err := run.CombinedOutput()
			return string(said), err
		}
		if said, err := run("verify", image.Pinned()); err == nil || !strings.Contains(said, "no signature is associated") {
			t.Fatalf("before it is signed: %v: %s", err, said)
		}
		for _, args := range [][]string{
			{"certificate", "list"},
			{"key", "list"},
			{"policy", "show"},
			{"sign", "--signature-format", "cose", fmt.Sprintf("--force-referrers-tag=%v", kind == rig.Tag),
				"--timestamp-url", tsa, "--timestamp-root-cert", c.path("tsa.pem"), image.Pinned()},
			{"verify", image.Pinned()},
			{"inspect", image.Pinned()},
		} {
			if said, err := run(args...); err != nil {
				t.Errorf("%s: %v: %s", args, err, said)
			}
		}
	}
}

func TestNotationAndTheBundleTrustOneRootAndOneName(t *testing.T) {
	c := newCA(t)
	c.chain()
	c.issue("signer", "Other Signer", "--name", "other", "--crl-url", c.crlURL("intermediate/1"))
	c.run("bundle", "--scope", "*", "--identity", "x509.subject: C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer",
		"--signer", "other", "--passphrase-file", "pass", "--out", "notation")
	configured(t, c.path("notation"))
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	for _, tc := range []struct {
		name string
		s    rig.Signature
	}{
		{"by another name", rig.Signature{By: c.identity("other/1")}},
		{"under another root, by name", rig.Signature{}},
	} {
		image := w.PushImage(r, "production/app", "1.0")
		w.Sign(image, tc.s)
		repository := registry.NewRepository(rig.Must(r.Remote(image.Repository))(t))
		if err := notationVerify(t.Context(), repository, image); err == nil {
			t.Errorf("%s: notation verifies it", tc.name)
		}
	}
	image := w.PushImage(r, "production/app", "1.0")
	w.Sign(image, rig.Signature{By: c.identity("signer/1")})
	if err := notationVerify(t.Context(), registry.NewRepository(rig.Must(r.Remote(image.Repository))(t)), image); err != nil {
		t.Errorf("by the right name: %v", err)
	}
}

// secrets lists the files below a folder that hold a private key in any form.
func secrets(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if block, _ := pem.Decode(data); strings.Contains(string(data), "PRIVATE KEY") || block != nil && strings.Contains(block.Type, "KEY") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestATrustBundleHoldsNoPrivateKey(t *testing.T) {
	c := newCA(t)
	c.chain()
	c.run("bundle", "--scope", "harbor.skao.int/*", "--kubernetes", "--out", "trust")
	if found := secrets(t, c.path("trust")); len(found) > 0 {
		t.Errorf("private keys in %q", found)
	}
	if _, stderr, err := c.try("bundle", "--scope", "harbor.skao.int/*", "--kubernetes", "--signer", "signer", "--out", "both"); err == nil {
		t.Error("a bundle for a cluster took a private key")
	} else if !strings.Contains(stderr, "a private key has no place in what a cluster trusts") {
		t.Error(stderr)
	}
	// The search finds one where there is one.
	c.run("bundle", "--scope", "*", "--signer", "signer", "--passphrase-file", "pass", "--out", "notation")
	if found := secrets(t, c.path("notation")); len(found) != 1 {
		t.Errorf("private keys in %q, want one", found)
	}
	// Root's, intermediate's and signer's are encrypted, all three.
	if found := secrets(t, c.path("pki")); len(found) != 3 {
		t.Errorf("private keys in %q, want three", found)
	} else {
		for _, path := range found {
			if data := rig.Must(os.ReadFile(path))(t); !strings.HasPrefix(string(data), "-----BEGIN ENCRYPTED PRIVATE KEY-----") {
				t.Errorf("%s is not encrypted", path)
			}
		}
	}
}

func TestAFileWithAKeyIsNotTakenIntoABundle(t *testing.T) {
	c := newCA(t)
	c.chain()
	both := append(rig.Must(os.ReadFile(c.path("pki/root/1/cert.pem")))(t), rig.Must(os.ReadFile(c.path("pki/root/1/key.pem")))(t)...)
	c.write("both.pem", string(both))
	for _, flag := range []string{"--ca", "--tsa"} {
		if _, stderr, err := c.try("bundle", "--scope", "*", flag, "both.pem", "--out", "trust"); err == nil || !strings.Contains(stderr, "only certificates belong") {
			t.Errorf("%s with a key beside the certificate: %v: %s", flag, err, stderr)
		}
	}
	if _, err := os.Stat(c.path("trust")); err == nil {
		t.Error("and something was written")
	}
}
