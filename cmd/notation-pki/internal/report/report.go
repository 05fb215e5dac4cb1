package report

import (
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a name that others go by, and no proof
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/inventory"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/revoke"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Report is what inspect found.
type Report struct {
	Target       string        `json:"target"`
	Certificates []Certificate `json:"certificates"`
	CRLs         []crlReport   `json:"crls"`
	Problems     []problem     `json:"problems"` // none: the exit code is 0
	Notes        []string      `json:"notes"`

	inventory *inventory.Inventory
	now       time.Time
}

// Certificate is one, whichever files it is in.
type Certificate struct {
	ID          string          `json:"id"` // SHA-256
	Issuer      string          `json:"issuer,omitempty"`
	NoIssuer    string          `json:"issuerMissing,omitempty"`
	Role        rules.Role      `json:"role"`
	CommonName  string          `json:"commonName"`
	Subject     string          `json:"subject"`
	Identity    string          `json:"trustedIdentity"`
	NoIdentity  string          `json:"trustedIdentityRefused,omitempty"`
	Generation  string          `json:"generation,omitempty"`
	Superseded  bool            `json:"superseded"`
	Files       []string        `json:"files"`
	Serial      string          `json:"serial"`
	SHA256      string          `json:"sha256"`
	SHA1        string          `json:"sha1"`
	KeyType     string          `json:"keyType"`
	NotBefore   string          `json:"notBefore"`
	NotAfter    string          `json:"notAfter"`
	DaysLeft    int             `json:"daysLeft"`
	CRLURLs     []string        `json:"crlURLs"`
	OCSPURLs    []string        `json:"ocspURLs"`
	Revoked     *revoke.Revoked `json:"revoked"`
	Violations  []violation     `json:"breaches"`
	Warnings    []string        `json:"advice"`
	cert        *inventory.Cert
	notYetValid bool
}

type violation struct {
	Rule rules.Rule `json:"rule"`
	Text string     `json:"text"`
}

// crlReport is a CRL, with who issued it and whether it is the last.
type crlReport struct {
	revoke.List
	IssuerID string   `json:"issuerId,omitempty"`
	Newest   bool     `json:"newest"`
	Files    []string `json:"files"`
	list     *inventory.List
}

type problem struct {
	Kind        inventory.ProblemKind `json:"kind"`
	Text        string                `json:"text"`
	Certificate string                `json:"certificate,omitempty"`
}

// New makes a report of an inventory, as of now.
func New(target string, inv *inventory.Inventory, now time.Time) *Report {
	r := &Report{
		Target: target, Certificates: []Certificate{}, CRLs: []crlReport{}, Problems: []problem{},
		Notes: append([]string{}, inv.Notes...), inventory: inv, now: now,
	}
	for _, c := range inv.Certs {
		r.Certificates = append(r.Certificates, newCertificate(c, now))
		for _, b := range c.Violations {
			r.Problems = append(r.Problems, problem{inventory.BrokenRule, label(c) + ": " + b.Text, c.ID})
		}
	}
	for _, l := range inv.Lists {
		r.CRLs = append(r.CRLs, newCRLReport(l, now))
	}
	for _, p := range inv.Problems {
		r.Problems = append(r.Problems, problem{Kind: p.Kind, Text: p.Text})
	}
	return r
}

func newCertificate(c *inventory.Cert, now time.Time) Certificate {
	result := Certificate{
		ID: c.ID, NoIssuer: c.Missing, Role: rules.RoleOf(c.Certificate), CommonName: c.Subject.CommonName, Subject: c.Subject.String(),
		Superseded: c.Superseded, Files: c.Files, Serial: layout.Serial(c.SerialNumber), SHA256: c.ID, SHA1: sha1Of(c.Certificate),
		KeyType: keyTypeOf(c.Certificate), NotBefore: rfc3339(c.NotBefore), NotAfter: rfc3339(c.NotAfter), DaysLeft: daysUntil(c.NotAfter, now),
		CRLURLs: append([]string{}, c.CRLDistributionPoints...), OCSPURLs: append([]string{}, c.OCSPServer...),
		Violations: []violation{}, Warnings: append([]string{}, warningsFor(c, now)...), cert: c, notYetValid: now.Before(c.NotBefore),
	}
	if c.Issuer != nil {
		result.Issuer = c.Issuer.ID
	}
	if c.Generation != nil {
		result.Generation = c.Generation.String()
	}
	if signs(c.Certificate) {
		result.Identity, result.NoIdentity = identityFor(c.Certificate)
	}
	if c.Revoked != nil {
		result.Revoked = &revoke.Revoked{Serial: result.Serial, Reason: string(c.Revoked.Reason), At: c.Revoked.At.UTC()}
	}
	for _, b := range c.Violations {
		result.Violations = append(result.Violations, violation{b.Rule, b.Text})
	}
	return result
}

// signs tells whose name a trust policy compares.
func signs(cert *x509.Certificate) bool {
	return !cert.IsCA && inventory.ForSigning(cert) && rules.RoleOf(cert) != rules.RoleTSA
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func sha1Of(cert *x509.Certificate) string {
	sum := sha1.Sum(cert.Raw) //nolint:gosec // a name that others go by, and no proof
	return hex.EncodeToString(sum[:])
}

// keyTypeOf names keys that notation does not know, too.
func keyTypeOf(cert *x509.Certificate) string {
	known, err := ca.KeyTypeOf(cert.PublicKey)
	if err == nil {
		return string(known)
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
		return fmt.Sprintf("rsa-%d", key.N.BitLen())
	}
	return cert.PublicKeyAlgorithm.String()
}

// warningsFor lists the warnings on the certificate, on it with its issuer, and on it as a CA of this PKI folder.
func warningsFor(c *inventory.Cert, now time.Time) []string {
	warnings := rules.Warnings(c.Certificate)
	if c.Issuer != nil && inventory.ForSigning(c.Certificate) {
		warnings = append(warnings, rules.ChainWarnings([]*x509.Certificate{c.Certificate, c.Issuer.Certificate})...)
	}
	if c.Generation == nil || len(c.Lists) > 0 || !c.ValidAt(now) {
		return warnings
	}
	if slices.ContainsFunc(c.Issued, func(below *inventory.Cert) bool { return len(below.CRLDistributionPoints) > 0 }) {
		warnings = append(warnings, fmt.Sprintf("certificates that it issued say where its CRL is, and there is none: verifiers find nothing there, and admit no image; "+
			"issue one: notation-pki crl --issuer %s", c.Generation))
	}
	return warnings
}

func newCRLReport(l *inventory.List, now time.Time) crlReport {
	result := crlReport{List: revoke.NewList(l.Files[0], l.RevocationList), Newest: l.Newest, Files: l.Files, list: l}
	result.DaysLeft = daysUntil(l.NextUpdate, now)
	if l.Issuer != nil {
		result.IssuerID = l.Issuer.ID
	}
	return result
}

// label names a certificate among others of its name.
func label(c *inventory.Cert) string {
	if c.Generation != nil {
		return fmt.Sprintf("%s (%s)", printable.Quote(c.Name()), c.Generation)
	}
	return fmt.Sprintf("%s (%s)", printable.Quote(c.Name()), c.Files[0])
}
