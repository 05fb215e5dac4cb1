package trust

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// Certificate is a trusted certificate and where it came from.
type Certificate struct {
	*x509.Certificate
	// Store is <type>:<name>, as trust policies write it.
	Store string
	// File is the name of its file within the store.
	File string
}

// loadStore reads the certificates of a named store: those in files that end in
// .pem, .crt or .cer. Names that begin with a dot are Kubernetes' own.
func loadStore(dir, store string) (all []Certificate, problems []error) {
	kind, name, _ := strings.Cut(store, ":") // the statement was validated
	folder := filepath.Join(dir, "x509", kind, name)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, []error{err}
	}
	for _, entry := range entries {
		file := entry.Name()
		if strings.HasPrefix(file, ".") || !slices.Contains([]string{".pem", ".crt", ".cer"}, filepath.Ext(file)) {
			continue
		}
		certificates, err := loadCertificates(filepath.Join(folder, file), truststore.Type(kind))
		if err != nil {
			problems = append(problems, fmt.Errorf("file %s: %w", file, err))
		}
		for _, c := range certificates {
			all = append(all, Certificate{Certificate: c, Store: store, File: file})
		}
	}
	if len(all) == 0 && len(problems) == 0 {
		return nil, []error{fmt.Errorf("it is empty: put .pem, .crt or .cer files into %s", folder)}
	}
	return all, problems
}

func loadCertificates(path string, kind truststore.Type) ([]*x509.Certificate, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	certificates, err := parseCertificates(text)
	if err != nil {
		return nil, err
	}
	if err := truststore.ValidateCertificates(certificates); err != nil {
		return nil, err
	}
	if kind == truststore.TypeTSA {
		return certificates, checkRoots(certificates)
	}
	return certificates, nil
}

// parseCertificates reads PEM, or DER where there is no PEM.
func parseCertificates(text []byte) ([]*x509.Certificate, error) {
	if bytes.Contains(text, []byte("-----BEGIN ")) {
		return reload.Certificates(text)
	}
	return parseDER(text)
}

func parseDER(text []byte) ([]*x509.Certificate, error) {
	certificates, err := x509.ParseCertificates(text)
	if err != nil || len(certificates) == 0 {
		return nil, errors.New("it holds no certificate, in PEM or DER")
	}
	return certificates, nil
}

// checkRoots holds the rule for tsa stores: self-issued root certificates only
// (trust store specification, "Trust Store").
func checkRoots(certificates []*x509.Certificate) error {
	for _, c := range certificates {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) || c.CheckSignatureFrom(c) != nil {
			return fmt.Errorf("%q is not a root certificate, and a tsa store holds nothing else", c.Subject)
		}
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	contents, err := reload.Read(path)
	return contents[path], err
}
