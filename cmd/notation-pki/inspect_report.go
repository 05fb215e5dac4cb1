package main

import (
	"cmp"
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
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// inspection is what inspect found.
type inspection struct {
	Target       string        `json:"target"`
	Certificates []certificate `json:"certificates"`
	CRLs         []crlReport   `json:"crls"`
	Problems     []problem     `json:"problems"` // none: the exit code is 0
	Notes        []string      `json:"notes"`

	inventory *inventory.Inventory
	now       time.Time
}

// certificate is one, whichever files it is in.
type certificate struct {
	ID          string      `json:"id"` // SHA-256
	Issuer      string      `json:"issuer,omitempty"`
	NoIssuer    string      `json:"issuerMissing,omitempty"`
	Role        rules.Role  `json:"role"`
	CommonName  string      `json:"commonName"`
	Subject     string      `json:"subject"`
	Identity    string      `json:"trustedIdentity"`
	NoIdentity  string      `json:"trustedIdentityRefused,omitempty"`
	Generation  string      `json:"generation,omitempty"`
	Superseded  bool        `json:"superseded"`
	Files       []string    `json:"files"`
	Serial      string      `json:"serial"`
	SHA256      string      `json:"sha256"`
	SHA1        string      `json:"sha1"`
	KeyType     string      `json:"keyType"`
	NotBefore   string      `json:"notBefore"`
	NotAfter    string      `json:"notAfter"`
	DaysLeft    int         `json:"daysLeft"`
	CRLURLs     []string    `json:"crlURLs"`
	OCSPURLs    []string    `json:"ocspURLs"`
	Revoked     *revoked    `json:"revoked"`
	Violations  []violation `json:"breaches"`
	Warnings    []string    `json:"advice"`
	cert        *inventory.Cert
	notYetValid bool
}

type violation struct {
	Rule rules.Rule `json:"rule"`
	Text string     `json:"text"`
}

// crlReport is a CRL, with who issued it and whether it is the last.
type crlReport struct {
	revocationList
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

func newInspection(target string, inv *inventory.Inventory, now time.Time) *inspection {
	i := &inspection{
		Target: target, Certificates: []certificate{}, CRLs: []crlReport{}, Problems: []problem{},
		Notes: append([]string{}, inv.Notes...), inventory: inv, now: now,
	}
	for _, c := range inv.Certs {
		i.Certificates = append(i.Certificates, newCertificate(c, now))
		for _, b := range c.Violations {
			i.Problems = append(i.Problems, problem{inventory.BrokenRule, label(c) + ": " + b.Text, c.ID})
		}
	}
	for _, l := range inv.Lists {
		i.CRLs = append(i.CRLs, newCRLReport(l, now))
	}
	for _, p := range inv.Problems {
		i.Problems = append(i.Problems, problem{Kind: p.Kind, Text: p.Text})
	}
	return i
}

func newCertificate(c *inventory.Cert, now time.Time) certificate {
	result := certificate{
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
		result.Revoked = &revoked{result.Serial, string(c.Revoked.Reason), c.Revoked.At.UTC()}
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
	result := crlReport{revocationList: newRevocationList(l.Files[0], l.RevocationList, 0), Newest: l.Newest, Files: l.Files, list: l}
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

// findEnds adds what ends within a time.
func (i *inspection) findEnds(within time.Duration) {
	last := i.now.Add(within)
	for _, c := range i.inventory.Certs {
		if c.ExpiryMatters(i.now) && !c.NotAfter.After(last) {
			i.Problems = append(i.Problems, problem{inventory.EndsTooSoon, label(c) + " " + endsOn(c.NotAfter, i.now), c.ID})
		}
	}
	for _, l := range i.inventory.Lists {
		// That a list is over is a problem already.
		if l.ExpiryMatters(i.now) && l.NextUpdate.After(i.now) && !l.NextUpdate.After(i.now.Add(dueWithin(l, within))) {
			name := cmp.Or(l.RevocationList.Issuer.CommonName, l.RevocationList.Issuer.String())
			i.Problems = append(i.Problems, problem{Kind: inventory.EndsTooSoon, Text: fmt.Sprintf("%s: the CRL of %s %s", l.Files[0], printable.Quote(name), endsOn(l.NextUpdate, i.now))})
		}
	}
}

// dueWithin keeps a list that was made for two weeks, and is renewed every week, from failing a check for thirty days
// all its life: it is told in the last third of it.
func dueWithin(l *inventory.List, within time.Duration) time.Duration {
	return min(within, l.NextUpdate.Sub(l.ThisUpdate)/3)
}

// endsOn tells when, and how far that is.
func endsOn(at, now time.Time) string {
	left := daysUntil(at, now)
	date := at.UTC().Format(time.DateOnly)
	switch {
	case !at.After(now) && left == 0:
		return "ended on " + date + ", less than a day ago"
	case !at.After(now):
		return fmt.Sprintf("ended on %s, %s ago", date, days(-left))
	case left == 0:
		return "ends on " + date + ", in less than a day"
	}
	return fmt.Sprintf("ends on %s, in %s", date, days(left))
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// verdict is the exit code. What could not be read comes first, since nobody knows what it would have said.
func (i *inspection) verdict() error {
	if len(i.Problems) == 0 && len(i.Certificates)+len(i.CRLs)+len(i.Notes) == 0 {
		return fmt.Errorf("%s holds no certificate and no CRL", i.Target)
	}
	if slices.ContainsFunc(i.Problems, func(p problem) bool { return p.Kind == inventory.Unreadable }) {
		return fmt.Errorf("%s: not all of it could be read", i.Target)
	}
	switch n := len(i.Problems); n {
	case 0:
		return nil
	case 1:
		return foundError("%s: 1 problem", i.Target)
	default:
		return foundError("%s: %d problems", i.Target, n)
	}
}
