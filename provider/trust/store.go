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

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// maxFile is the size of the largest file that is read, in bytes: far above any
// certificate or policy.
const maxFile = 4 << 20

// Certificate is a trusted certificate and where it came from.
type Certificate struct {
	*x509.Certificate
	// Store is <type>:<name>, as trust policies write it.
	Store string
	// File is the name of its file within the store.
	File string
}

// store is a named trust store as it was read.
type store struct {
	certificates []Certificate
	unread       []Unread
}

// loadStore reads a named store. Like notation it reads every file that holds
// certificates, under any name. Unlike notation it does not refuse a store for a file
// that holds none and does not say to hold one: that file is told.
func loadStore(dir, name string) (s store, problems []error) {
	kind, folder := storeFolder(dir, name)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return s, []error{err}
	}
	for _, entry := range entries {
		certificates, why, err := readEntry(folder, entry, kind)
		switch file := entry.Name(); {
		case err != nil:
			problems = append(problems, fmt.Errorf("file %s: %w", file, err))
		case why != "":
			s.unread = append(s.unread, Unread{Store: name, File: file, Why: why})
		default:
			for _, c := range certificates {
				s.certificates = append(s.certificates, Certificate{Certificate: c, Store: name, File: file})
			}
		}
	}
	if len(s.certificates) == 0 && len(problems) == 0 {
		return s, []error{fmt.Errorf("no file in it holds a certificate: put certificates, in PEM or DER, into %s%s", folder, listed(s.unread))}
	}
	return s, problems
}

func storeFolder(dir, name string) (kind truststore.Type, folder string) {
	typ, store, _ := strings.Cut(name, ":") // the statement was validated
	return truststore.Type(typ), filepath.Join(dir, "x509", typ, store)
}

// readEntry reads one entry of a store's folder, or tells why it is not read. It is an
// error if the entry says to hold certificates, by its ending or by a PEM block, and
// they cannot be read whole; and if its contents cannot be had.
func readEntry(folder string, entry os.DirEntry, kind truststore.Type) (certificates []*x509.Certificate, why string, err error) {
	path, claims := filepath.Join(folder, entry.Name()), namedLikeCertificate(entry.Name())
	if strings.HasPrefix(entry.Name(), ".") {
		return nil, hidden(path), nil
	}
	text, err := regularfile.Read(path, maxFile)
	if !claims && (errors.Is(err, regularfile.ErrNotRegular) || errors.Is(err, regularfile.ErrTooLarge)) {
		return nil, err.Error(), nil
	}
	if err != nil {
		return nil, "", err
	}
	certificates, err = certfile.Parse(text)
	if err != nil && !claims && !certfile.HasCertificate(text) {
		return nil, err.Error(), nil
	}
	if err != nil {
		return nil, "", err
	}
	return certificates, "", check(certificates, kind)
}

// namedLikeCertificate tells whether a file says by its ending that it holds
// certificates.
func namedLikeCertificate(file string) bool {
	return slices.Contains([]string{".pem", ".crt", ".cer", ".cert", ".der", ".ca-bundle"}, strings.ToLower(filepath.Ext(file)))
}

// check holds notation's rules for the certificates of a store (trust store
// specification, "Trust Store"): CAs and certificates that are signed by their own key,
// and for a tsa store root certificates only.
func check(certificates []*x509.Certificate, kind truststore.Type) error {
	for _, c := range certificates {
		if err := keysize.Check(c); err != nil {
			return fmt.Errorf("%s: %w", printable.Quote(c.Subject), err)
		}
		if !c.IsCA && keysize.CheckSignatureBy(c, c) != nil {
			return fmt.Errorf("%s is not a CA certificate or self-signed signing certificate; give the root certificate that it leads to", printable.Quote(c.Subject))
		}
		if kind == truststore.TypeTSA && (!bytes.Equal(c.RawSubject, c.RawIssuer) || keysize.CheckSignatureFrom(c, c) != nil) {
			return fmt.Errorf("%s is not a root certificate, and a tsa store holds nothing else", printable.Quote(c.Subject))
		}
	}
	return nil
}
