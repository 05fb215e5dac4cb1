package layout

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Generation is one certificate of a name, with what belongs to it.
type Generation struct {
	Name   string
	Number int // from 1
	Dir    string
}

// String is how people name it: "signer/2".
func (g Generation) String() string { return fmt.Sprintf("%s/%d", g.Name, g.Number) }

// File is the path of one of its files.
func (g Generation) File(name string) string { return filepath.Join(g.Dir, name) }

// Chain reads the certificates from this one to the root.
func (g Generation) Chain() ([]*x509.Certificate, error) {
	chain, err := readCertificates(g.File(ChainFile))
	if err != nil {
		return nil, err
	}
	for i := range chain[:len(chain)-1] {
		if err := keysize.CheckSignatureFrom(chain[i], chain[i+1]); err != nil {
			return nil, fmt.Errorf("%s: %s is not issued by the next, %s; write them from %s to the root",
				g.File(ChainFile), printable.Quote(chain[i].Subject), printable.Quote(chain[i+1].Subject), g.Name)
		}
	}
	return chain, nil
}

// maxFile is how much is read of a file, in bytes, and maxCRL of a revocation list.
const (
	maxFile = 4 << 20
	maxCRL  = 32 << 20
)

func readCertificates(path string) ([]*x509.Certificate, error) {
	data, err := regularfile.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	certs, err := certfile.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return certs, nil
}

// Identity reads chain and key. The passphrase is asked for where the key is encrypted.
func (g Generation) Identity(passphrase func() ([]byte, error)) (*ca.Identity, error) {
	chain, err := g.Chain()
	if err != nil {
		return nil, err
	}
	key, err := g.key(passphrase)
	if err != nil {
		return nil, err
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(chain[0].PublicKey) {
		return nil, fmt.Errorf("%s is not the key of %s", g.File(KeyFile), g.File(ChainFile))
	}
	return &ca.Identity{Cert: chain[0], Key: key, Chain: chain}, nil
}

func (g Generation) key(passphrase func() ([]byte, error)) (crypto.Signer, error) {
	path := g.File(KeyFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: its key lives elsewhere, and only there can it be used", g.Dir, KeyFile)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o); see who did, then: chmod 600 %[1]s", path, info.Mode().Perm())
	}
	data, err := regularfile.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	key, err := ca.DecodeKey(data, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// CA is the identity of a certificate that may issue others.
func (g Generation) CA(passphrase func() ([]byte, error)) (*ca.CA, error) {
	chain, err := g.Chain()
	if err != nil {
		return nil, err
	}
	if !chain[0].IsCA {
		return nil, fmt.Errorf("%s is no CA: it cannot issue certificates or CRLs", g)
	}
	identity, err := g.Identity(passphrase)
	if err != nil {
		return nil, err
	}
	return &ca.CA{Identity: *identity}, nil
}

// Record keeps a certificate that this CA issued, so that it can be revoked after every other copy is lost.
func (g Generation) Record(cert *x509.Certificate) error {
	dir := g.File(issuedDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, Serial(cert.SerialNumber)+".pem"), ca.EncodeCertificates(cert))
}

// Issued finds what this CA issued by its serial number, and tells whether there is any.
func (g Generation) Issued(serial *big.Int) (*x509.Certificate, bool, error) {
	certs, err := readCertificates(filepath.Join(g.File(issuedDir), Serial(serial)+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return certs[0], true, nil
}

// AllIssued reads every certificate that this CA recorded.
func (g Generation) AllIssued() ([]*x509.Certificate, error) {
	entries, err := os.ReadDir(g.File(issuedDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		certs, err := readCertificates(filepath.Join(g.File(issuedDir), entry.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, certs...)
	}
	return all, nil
}

// Serial is a serial number as openssl prints it: hexadecimal in capitals, two digits an octet.
func Serial(serial *big.Int) string {
	digits := fmt.Sprintf("%X", serial)
	if len(digits)%2 == 1 {
		digits = "0" + digits
	}
	return digits
}

// Lock keeps every other run of this tool from issuing lists of this CA until unlock is called.
func (g Generation) Lock() (unlock func(), err error) {
	path := g.File(".lock")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	return lockedfile.MutexAt(path).Lock()
}

// LastCRL reads the newest revocation list of this CA, and the number that its file goes by; nil if there is none.
func (g Generation) LastCRL() (list *x509.RevocationList, number int64, err error) {
	entries, err := os.ReadDir(g.File(crlDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	number = -1
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(entry.Name(), ".crl"), 10, 64)
		if err != nil || n < 0 || filepath.Base(g.crlPath(n)) != entry.Name() {
			// What it revokes must not be forgotten.
			return nil, 0, fmt.Errorf("%s is not called by its number; rename it, such as 4096.crl, or move it away if it is no CRL of this CA",
				filepath.Join(g.File(crlDir), entry.Name()))
		}
		number = max(number, n)
	}
	if number < 0 {
		return nil, 0, nil
	}
	path := g.crlPath(number)
	data, err := regularfile.Read(path, maxCRL)
	if err != nil {
		return nil, 0, err
	}
	if list, err = ca.DecodeCRL(data); err != nil {
		return nil, 0, fmt.Errorf("%s: %w; put the list there that was published last, or, if none was, remove the file", path, err)
	}
	return list, number, nil
}

// KeepCRL writes a revocation list, in DER, under its number, and returns where.
func (g Generation) KeepCRL(number int64, der []byte) (path string, err error) {
	if err := os.MkdirAll(g.File(crlDir), 0o700); err != nil {
		return "", err
	}
	path = g.crlPath(number)
	return path, writeNew(path, der)
}

func (g Generation) crlPath(number int64) string {
	return filepath.Join(g.File(crlDir), fmt.Sprintf("%d.crl", number))
}
