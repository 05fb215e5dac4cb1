package inventory

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
)

// Cert is a certificate in its place.
type Cert struct {
	*x509.Certificate

	ID    string   // SHA-256, in hexadecimal
	Files []string // the files or signatures that hold it

	// Issuer is the one above it. Nil: it issued itself, or Missing tells why.
	Issuer  *Cert
	Missing string

	Below []*Cert
	Lists []*List // the CRLs that it signed, newest first

	Violations []rules.Violation // the rules that it breaks, each once
	Revoked    *Revocation       // nil: no list that is there revokes it

	// Generation is its place in a PKI folder. Superseded: a newer generation holds.
	Generation *Generation
	Superseded bool
}

// Revocation is what the newest list of the issuer says.
type Revocation struct {
	At     time.Time
	Reason ca.RevocationReason
}

// Generation is a place in a PKI folder.
type Generation struct {
	home   string // the folder of all generations of its name
	Name   string
	Number int
}

func (g Generation) String() string { return fmt.Sprintf("%s/%d", g.Name, g.Number) }

// Name is how people call it.
func (c *Cert) Name() string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// ForSigning tells whether the rules for signing are held against it: not where it says that it is for something else,
// such as TLS. One that does not say what it is for may well have been made to sign, by defaults.
func ForSigning(cert *x509.Certificate) bool {
	return rules.RoleOf(cert) != rules.RoleOther || len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
}

// Chain leads from it up, as far as there is somebody.
func (c *Cert) Chain() []*x509.Certificate {
	var up []*x509.Certificate
	for ; c != nil; c = c.Issuer {
		up = append(up, c.Certificate)
	}
	return up
}

// Holds tells whether it is valid and not revoked.
func (c *Cert) Holds(now time.Time) bool {
	return c.Revoked == nil && !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// Watched tells whether its end is of interest. It is not where it has been revoked; nor, once it has ended, where a
// newer generation took its place, or where nothing is left of it but a CA's record that it was issued.
func (c *Cert) Watched(now time.Time) bool {
	if c.Revoked != nil {
		return false
	}
	return !now.After(c.NotAfter) || !c.Superseded && !c.recordOnly()
}

// recordOnly tells whether it is only in the folders where CAs keep what they issued.
func (c *Cert) recordOnly() bool {
	for _, file := range c.Files {
		if filepath.Base(filepath.Dir(file)) != "issued" || filepath.Base(file) != layout.Serial(c.SerialNumber)+".pem" {
			return false
		}
	}
	return true
}

// keptHere tells whether the CA's key is beside its certificate: elsewhere nobody can issue a list.
func (c *Cert) keptHere() bool {
	if c.Generation == nil {
		return false
	}
	_, err := os.Stat(filepath.Join(c.Generation.home, strconv.Itoa(c.Generation.Number), layout.KeyFile))
	return err == nil
}

// generationOf reads a path like "…/signer/2/cert.pem".
func generationOf(path string) *Generation {
	whole, err := filepath.Abs(path)
	if err != nil || filepath.Base(whole) != "cert.pem" {
		return nil
	}
	dir := filepath.Dir(whole)
	number, err := strconv.Atoi(filepath.Base(dir))
	if err != nil || number < 1 || strings.HasPrefix(filepath.Base(dir), "+") {
		return nil
	}
	home := filepath.Dir(dir)
	return &Generation{home: home, Name: filepath.Base(home), Number: number}
}
