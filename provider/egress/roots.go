package egress

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Roots are the authorities that vouch for a server: the given ones beside the system's,
// or, where only, in their place. A registry with a private authority redirects downloads
// to storage with a public one.
func Roots(given []*x509.Certificate, only bool) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil || only { // a machine may have none
		pool = x509.NewCertPool()
	}
	for _, c := range given {
		pool.AddCert(c)
	}
	return pool
}

// maxRootFile bounds each file with the system's authorities: one with all that are public has a quarter of a megabyte.
const maxRootFile = 16 << 20

// CheckSystemRoots refuses what SSL_CERT_FILE and SSL_CERT_DIR name if it could not be read to its end: crypto/x509 waits for the
// writer of a named pipe, and no timeout ends that. Call it before the first connection. A name that leads nowhere is
// passed over, as crypto/x509 does. The error names the variable and the file.
func CheckSystemRoots() error {
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		if err := checkRoots(file); err != nil {
			return fmt.Errorf("SSL_CERT_FILE: %w; name a file with certificates in PEM", err)
		}
	}
	for _, folder := range filepath.SplitList(os.Getenv("SSL_CERT_DIR")) {
		entries, _ := os.ReadDir(folder) // crypto/x509 passes it over likewise
		for _, entry := range entries {
			err := checkRoots(filepath.Join(folder, entry.Name()))
			if err != nil && !errors.Is(err, errFolder) {
				return fmt.Errorf("SSL_CERT_DIR: %w; take it out of that folder", err)
			}
		}
	}
	return nil
}

// errFolder is a folder where a file is read. That fails at once.
var errFolder = errors.New("a directory")

// checkRoots tells why a file could not be read to its end. It may be missing, or not readable for us.
func checkRoots(path string) error {
	info, err := os.Stat(path) //nolint:gosec // the environment is the operator's
	if err != nil {
		return nil //nolint:nilerr // opening it fails too, at once
	}
	if info.IsDir() {
		return fmt.Errorf("read %s: it is %w, %w", path, errFolder, regularfile.ErrNotRegular)
	}
	return regularfile.Check(path, info, maxRootFile)
}
