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

// Cert is a certificate with its issuer, what it issued, and what was found about it.
type Cert struct {
	*x509.Certificate

	ID    string   // SHA-256, in hexadecimal
	Files []string // the files or signatures that hold it

	// Issuer is the CA that signed it. Nil: it is self-signed, or Missing says why.
	Issuer  *Cert
	Missing string

	Issued []*Cert
	Lists  []*List // the CRLs that it signed, newest first

	Violations []rules.Violation // the rules that it breaks, each once
	Revoked    *Revocation       // nil: no CRL among the files revokes it

	// Generation is its place in a PKI folder. Superseded: a newer generation is valid.
	Generation *Generation
	Superseded bool
}

// Revocation is an entry in the newest CRL of the issuer.
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

// Name is the common name or, without one, the subject.
func (c *Cert) Name() string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// ForSigning reports whether the rules for signers apply: not if its extended key usage names another use, such as TLS.
// They apply if there is none, since tools that make signers may leave it out.
func ForSigning(cert *x509.Certificate) bool {
	return rules.RoleOf(cert) != rules.RoleOther || len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
}

// Chain leads from it to the last issuer that is known.
func (c *Cert) Chain() []*x509.Certificate {
	var up []*x509.Certificate
	for ; c != nil; c = c.Issuer {
		up = append(up, c.Certificate)
	}
	return up
}

// ValidAt reports whether it is valid and not revoked.
func (c *Cert) ValidAt(now time.Time) bool {
	return c.Revoked == nil && !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// ExpiryMatters reports whether its end is of interest. It is not for a revoked certificate. Nor is it for one that has
// ended, if a newer generation is valid, or if only its issuer's record of it is left.
func (c *Cert) ExpiryMatters(now time.Time) bool {
	if c.Revoked != nil {
		return false
	}
	return !now.After(c.NotAfter) || !c.Superseded && !c.recordOnly()
}

// recordOnly reports whether all its files are in folders where CAs record what they issued.
func (c *Cert) recordOnly() bool {
	for _, file := range c.Files {
		if filepath.Base(filepath.Dir(file)) != "issued" || filepath.Base(file) != layout.Serial(c.SerialNumber)+".pem" {
			return false
		}
	}
	return true
}

// keptHere reports whether the CA's key is beside its certificate: without it, no CRL can be issued.

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
