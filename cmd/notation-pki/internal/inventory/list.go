package inventory

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// List is a CRL with its issuer.
type List struct {
	*x509.RevocationList

	Files  []string
	Issuer *Cert // nil: unknown, or the CRL is forged
	Forged bool  // its issuer is known and did not sign it
	Newest bool  // of its issuer's CRLs
}

// ExpiryMatters reports whether the list's next update is of interest: it is the newest of a valid CA. After the CA's end
// it stays of interest while a certificate names the list's URL: timestamped signatures outlive the CA.
func (l *List) ExpiryMatters(now time.Time) bool {
	return l.Newest && !l.Forged && (l.Issuer == nil || l.Issuer.ValidAt(now) || l.Issuer.Revoked == nil && l.Issuer.issuedWithCRL())
}

// needsList reports whether verifiers depend on its issuer's CRL: there is no OCSP URL.
func (c *Cert) needsList(now time.Time) bool {
	return c.ValidAt(now) && ForSigning(c.Certificate) && len(c.CRLDistributionPoints) > 0 && len(c.OCSPServer) == 0
}

// issuedWithCRL reports whether certificates that it issued name a CRL URL.
func (c *Cert) issuedWithCRL() bool {
	return slices.ContainsFunc(c.Issued, func(below *Cert) bool { return below.Revoked == nil && len(below.CRLDistributionPoints) > 0 })
}

func (inv *Inventory) addLists(found map[string]*List) {
	for _, raw := range slices.Sorted(maps.Keys(found)) {
		inv.Lists = append(inv.Lists, found[raw])
	}
	for _, l := range inv.Lists {
		inv.findListIssuer(l)
	}
	slices.SortStableFunc(inv.Lists, compareLists)
	newest := map[string]bool{}
	for _, l := range inv.Lists {
		l.Newest = !l.Forged && !newest[l.owner()]
		newest[l.owner()] = newest[l.owner()] || l.Newest
		inv.attach(l)
	}
}

// compareLists puts lists of one CA together, newest first.
func compareLists(a, b *List) int {
	return cmp.Or(cmp.Compare(a.RevocationList.Issuer.String(), b.RevocationList.Issuer.String()), cmp.Compare(a.owner(), b.owner()),
		cmp.Or(b.Number, new(big.Int)).Cmp(cmp.Or(a.Number, new(big.Int))), b.ThisUpdate.Compare(a.ThisUpdate))
}

// owner identifies the CA of a list by name and, if known, key.
func (l *List) owner() string {
	if l.Issuer != nil {
		return string(l.RawIssuer) + string(l.Issuer.RawSubjectPublicKeyInfo)
	}
	return string(l.RawIssuer) + string(l.AuthorityKeyId)
}

// findListIssuer finds the CA that signed a list.
func (inv *Inventory) findListIssuer(l *List) {
	var denied error
	var by *Cert
	for _, c := range inv.namesakes(l.RawIssuer, l.AuthorityKeyId) {
		if !inv.budget.take(1, c.Certificate) {
			return
		}
		err := keysize.CheckList(l.RevocationList, c.Certificate)
		if err == nil {
			l.Issuer = c
			return
		}
		// Another generation of the same name has another key, and is another issuer.
		if len(l.AuthorityKeyId) == 0 || bytes.Equal(l.AuthorityKeyId, c.SubjectKeyId) {
			denied, by = err, c
		}
	}
	if l.Forged = denied != nil; l.Forged {
		inv.problem(ForgedCRL, fmt.Sprintf("%s: this CRL is not signed by %s, whose it says to be (%v): verifiers refuse it; get it again from the CA", l.Files[0], printable.Quote(by.Name()), denied))
		return
	}
	inv.Notes = append(inv.Notes, fmt.Sprintf("%s: the issuer of this CRL is not here: %s", l.Files[0], printable.Quote(l.issuerName())))
}

// attach adds the list to every certificate of its CA's key.
func (inv *Inventory) attach(l *List) {
	for _, c := range inv.byName[string(l.RawIssuer)] {
		if l.Issuer != nil && bytes.Equal(c.RawSubjectPublicKeyInfo, l.Issuer.RawSubjectPublicKeyInfo) {
			c.Lists = append(c.Lists, l)
		}
	}
}

func revocationOf(c *Cert) *Revocation {
	if c.Issuer == nil || len(c.Issuer.Lists) == 0 {
		return nil
	}
	for _, entry := range c.Issuer.Lists[0].RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
			return &Revocation{entry.RevocationTime, ca.ReasonOf(entry.ReasonCode)}
		}
	}
	return nil
}

// checkLists reports CRLs that are missing or past their next update.
func (inv *Inventory) checkLists(now time.Time) {
	for _, c := range inv.Certs {
		if c.Revoked == nil && len(c.Lists) == 0 && c.keptHere() && slices.ContainsFunc(c.Issued, func(below *Cert) bool { return below.needsList(now) }) {
			inv.problem(NoCRL, fmt.Sprintf("certificates that %s issued say where its CRL is, and none is here: without one no image that is signed below it is admitted; bring the one that was published last into its crl folder, or, if there never was one: notation-pki crl --issuer %s",
				printable.Quote(c.Name()), c.Generation))
		}
		inv.checkHistory(c, now)
	}
	for _, l := range inv.Lists {
		if l.ExpiryMatters(now) && !now.Before(l.NextUpdate) {
			inv.problem(StaleCRL, fmt.Sprintf("%s: the next CRL of %s was due %s: no image that is signed below it is admitted; issue the next: notation-pki crl",
				l.Files[0], printable.Quote(l.issuerName()), due(l.NextUpdate)))
		}
	}
}

// checkHistory reports revocations that the newest list lacks. A list may leave out certificates that have ended.

func (inv *Inventory) checkHistory(c *Cert, now time.Time) {
	if len(c.Lists) == 0 {
		return
	}
	known := map[string]bool{}
	for _, entry := range c.Lists[0].RevokedCertificateEntries {
		known[entry.SerialNumber.String()] = true
	}
	for _, below := range c.Issued {
		known[below.SerialNumber.String()] = known[below.SerialNumber.String()] || now.After(below.NotAfter)
	}
	for _, older := range c.Lists[1:] {
		for _, entry := range older.RevokedCertificateEntries {
			if serial := entry.SerialNumber.String(); !known[serial] {
				known[serial] = true
				inv.problem(CRLForgets, fmt.Sprintf("%s revokes %X, and the newest CRL of %s, %s, does not: verifiers trust it again; revoke it again: notation-pki crl --revoke %[2]X",
					older.Files[0], entry.SerialNumber, printable.Quote(c.Name()), c.Lists[0].Files[0]))
			}
		}
	}
}

func due(at time.Time) string {
	if at.IsZero() {
		return "at once, since this one does not say when"
	}
	return "on " + at.UTC().Format(time.DateOnly)
}

func (l *List) issuerName() string {
	return cmp.Or(l.RevocationList.Issuer.CommonName, l.RevocationList.Issuer.String())
}
