package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// hand runs notation-pki in a folder, as a CA's people do, and shows what it types.
type hand struct {
	binary, dir string
	root        *x509.Certificate
	web         *httptest.Server // of the CRLs
}

// newHand makes a PKI from an empty folder.
func newHand(ctx context.Context, binary, below string) (*hand, error) {
	dir, err := os.MkdirTemp(below, "by-hand-")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, "web"), 0o700); err != nil {
		return nil, err
	}
	h := &hand{binary: binary, dir: dir, web: httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "web"))))}
	return h, h.begin(ctx)
}

// close ends the web server.
func (h *hand) close() { h.web.Close() }

// host is the web server's, which the server that verifies must be allowed to ask.
func (h *hand) host() string { return strings.TrimPrefix(h.web.URL, "http://") }

func (h *hand) begin(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(h.dir, "pass"), []byte("correct horse battery staple\n"), 0o600); err != nil {
		return err
	}
	const subject = "C=GB, ST=England, O=SKAO, CN="
	for _, args := range [][]string{
		{"root", "--subject", subject + "SKAO Root CA", "--key-type", "ec-384", "--passphrase-file", "pass"},
		{"intermediate", "--subject", subject + "SKAO OCI Intermediate CA", "--key-type", "ec-384", "--crl-url", h.web.URL + "/root-1.crl", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass"},
		{"signer", "--subject", subject + "SKAO OCI Signer", "--crl-url", h.web.URL + "/intermediate-1.crl", "--passphrase-file", "pass", "--issuer-passphrase-file", "pass"},
		{"crl", "--issuer", "root", "--next-update", "400d", "--publish", "web/root-1.crl", "--passphrase-file", "pass"},
		{"crl", "--issuer", "intermediate", "--publish", "web/intermediate-1.crl", "--passphrase-file", "pass"},
		{"bundle", "--scope", "*", "--policy", "skao", "--store", "skao-oci", "--out", "trust"},
	} {
		if err := h.run(ctx, args...); err != nil {
			return err
		}
	}
	bundled, err := os.ReadFile(filepath.Join(h.dir, "trust/truststore/x509/ca/skao-oci/root-1.pem"))
	if err != nil {
		return err
	}
	certs, err := certfile.Parse(bundled)
	if err != nil {
		return err
	}
	h.root = certs[0]
	return nil
}

// sign signs an image in its registry.
func (h *hand) sign(ctx context.Context, image rig.Image) error {
	if err := os.WriteFile(filepath.Join(h.dir, "registry.pem"), image.Registry.CAPEM(), 0o600); err != nil {
		return err
	}
	return h.run(ctx, "sign", image.Tagged(), "--registry-ca", "registry.pem", "--passphrase-file", "pass")
}

func (h *hand) run(ctx context.Context, args ...string) error {
	var shown strings.Builder
	for _, arg := range args {
		if strings.ContainsAny(arg, " *") {
			arg = "'" + arg + "'"
		}
		shown.WriteString(" " + arg)
	}
	fmt.Printf("    $ notation-pki%s\n", shown.String())
	command := exec.CommandContext(ctx, h.binary, args...)
	command.Dir = h.dir
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("notation-pki %s: %w: %s", args[0], err, said)
	}
	return nil
}

// byHand pushes an image and signs it with notation-pki.
func (s *stage) byHand(ctx context.Context, e *example) error {
	repository, tag, _ := strings.Cut(e.name, ":")
	image, err := e.on.PushImage(ctx, repository, tag)
	if err != nil {
		return err
	}
	return s.hand.sign(ctx, image)
}
