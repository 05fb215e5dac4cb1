package layout

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// retiredPrefix begins the name of a generation's folder that was retired, before its number, and of the issuer's record
// of its certificate. No other run reads what goes by it, but its number is not given again.
const retiredPrefix = ".retired-"

// Used tells what shows that a CA was used: what it issued, or its lists; empty if nothing does. Of a signer nothing can.
func (g Generation) Used() (string, error) {
	issued, err := g.AllIssued()
	if err != nil {
		return "", err
	}
	if len(issued) > 0 {
		return fmt.Sprintf("it issued %d certificates", len(issued)), nil
	}
	list, _, err := g.LastCRL()
	if err != nil || list == nil {
		return "", err
	}
	return "it issued a CRL", nil
}

// Retire deletes the key of a generation and puts its certificate aside, with the issuer's record of it. The certificate goes
// on being valid: only for a key that was never used is that of no consequence. It returns the new folder.
func (f Folder) Retire(g Generation) (folder string, err error) {
	chain, err := g.Chain()
	if err != nil {
		return "", err
	}
	if err := os.Remove(g.File(KeyFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if len(chain) > 1 {
		if err := f.hideRecord(chain[0], chain[1]); err != nil {
			return "", err
		}
	}
	folder = filepath.Join(filepath.Dir(g.Dir), retiredPrefix+strconv.Itoa(g.Number))
	if err := os.Rename(g.Dir, folder); err != nil {
		return "", err
	}
	return folder, syncDir(filepath.Dir(g.Dir))
}

// hideRecord puts the record of a certificate aside, wherever its issuer has it.
func (f Folder) hideRecord(cert, issuer *x509.Certificate) error {
	return f.Chains(func(other Generation, chain []*x509.Certificate) error {
		if !chain[0].Equal(issuer) {
			return nil
		}
		name := Serial(cert.SerialNumber) + ".pem"
		err := os.Rename(filepath.Join(other.File(issuedDir), name), filepath.Join(other.File(issuedDir), retiredPrefix+name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// lastRetired is the highest number of a name's generations that were retired; 0 if none was.
func (f Folder) lastRetired(name string) int {
	entries, _ := os.ReadDir(filepath.Join(f.Path, name)) // Generations has read it
	last := 0
	for _, entry := range entries {
		if number, ok := strings.CutPrefix(entry.Name(), retiredPrefix); ok {
			if n, err := strconv.Atoi(number); err == nil {
				last = max(last, n)
			}
		}
	}
	return last
}
