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

// List is a CRL in its place.
type List struct {
	*x509.RevocationList

	Files  []string
	Issuer *Cert // nil: it is not here, or did not sign it
	Forged bool  // its issuer is here, and did not sign it
	Newest bool  // of its issuer
}

// Watched tells whether the end of a list is of interest: that of the newest, as long as its CA holds, and after its end
// for as long as something it issued may still be asked about, since what was timestamped outlives its CA.
func (l *List) Watched(now time.Time) bool {
	return l.Newest && !l.Forged && (l.Issuer == nil || l.Issuer.Holds(now) || l.Issuer.Revoked == nil && l.Issuer.answers())
}

// needsList tells whether verifiers ask for its issuer's list, and for nothing else.
func (c *Cert) needsList(now time.Time) bool {
	return c.Holds(now) && ForSigning(c.Certificate) && len(c.CRLDistributionPoints) > 0 && len(c.OCSPServer) == 0
}

// answers tells whether certificates that it issued send verifiers to its list.
func (c *Cert) answers() bool {
	return slices.ContainsFunc(c.Below, func(below *Cert) bool { return below.Revoked == nil && len(below.CRLDistributionPoints) > 0 })
}

func (f *Forest) growLists(found map[string]*List) {
	for _, raw := range slices.Sorted(maps.Keys(found)) {
		f.Lists = append(f.Lists, found[raw])
	}
	for _, l := range f.Lists {
		f.findListIssuer(l)
	}
	slices.SortStableFunc(f.Lists, compareLists)
	newest := map[string]bool{}
	for _, l := range f.Lists {
		l.Newest = !l.Forged && !newest[l.owner()]
		newest[l.owner()] = newest[l.owner()] || l.Newest
		f.attach(l)
	}
}

// compareLists puts lists of one CA together, newest first.
func compareLists(a, b *List) int {
	return cmp.Or(cmp.Compare(a.RevocationList.Issuer.String(), b.RevocationList.Issuer.String()), cmp.Compare(a.owner(), b.owner()),
		cmp.Or(b.Number, new(big.Int)).Cmp(cmp.Or(a.Number, new(big.Int))), b.ThisUpdate.Compare(a.ThisUpdate))
}

// owner tells CAs apart by name and key, as far as a list shows them.
func (l *List) owner() string {
	if l.Issuer != nil {
		return string(l.RawIssuer) + string(l.Issuer.RawSubjectPublicKeyInfo)
	}
	return string(l.RawIssuer) + string(l.AuthorityKeyId)
}

// findListIssuer looks for the one that signed it.
func (f *Forest) findListIssuer(l *List) {
	var denied error
	var by *Cert
	for _, c := range f.namesakes(l.RawIssuer, l.AuthorityKeyId) {
		if !f.budget.take(1, c.Certificate) {
			return
		}
		err := keysize.CheckList(l.RevocationList, c.Certificate)
		if err == nil {
			l.Issuer = c
			return
		}
		// Another generation of that name is another issuer.
		if len(l.AuthorityKeyId) == 0 || bytes.Equal(l.AuthorityKeyId, c.SubjectKeyId) {
			denied, by = err, c
		}
	}
	if l.Forged = denied != nil; l.Forged {
		f.problem(ForgedCRL, fmt.Sprintf("%s: this CRL is not signed by %s, whose it says to be (%v): verifiers refuse it; get it again from the CA", l.Files[0], printable.Quote(by.Name()), denied))
		return
	}
	f.Notes = append(f.Notes, fmt.Sprintf("%s: the issuer of this CRL is not here: %s", l.Files[0], printable.Quote(l.issuerName())))
}

// attach gives the list to its CA, under every certificate that the CA has for its key.
func (f *Forest) attach(l *List) {
	for _, c := range f.byName[string(l.RawIssuer)] {
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

// judgeLists tells of a CA that verifiers cannot ask, or cannot ask any more.
func (f *Forest) judgeLists(now time.Time) {
	for _, c := range f.Certs {
		if c.Revoked == nil && len(c.Lists) == 0 && c.keptHere() && slices.ContainsFunc(c.Below, func(below *Cert) bool { return below.needsList(now) }) {
			f.problem(NoCRL, fmt.Sprintf("certificates that %s issued say where its CRL is, and none is here: without one no image that is signed below it is admitted; bring the one that was published last into its crl folder, or, if there never was one: notation-pki crl --issuer %s",
				printable.Quote(c.Name()), c.Generation))
		}
		f.judgeHistory(c, now)
	}
	for _, l := range f.Lists {
		if l.Watched(now) && !now.Before(l.NextUpdate) {
			f.problem(StaleCRL, fmt.Sprintf("%s: the next CRL of %s was due %s: no image that is signed below it is admitted; issue the next: notation-pki crl",
				l.Files[0], printable.Quote(l.issuerName()), due(l.NextUpdate)))
		}
	}
}

// judgeHistory tells of a revocation that the newest list has forgotten. A certificate that has ended may be left out.
func (f *Forest) judgeHistory(c *Cert, now time.Time) {
	if len(c.Lists) == 0 {
		return
	}
	known := map[string]bool{}
	for _, entry := range c.Lists[0].RevokedCertificateEntries {
		known[entry.SerialNumber.String()] = true
	}
	for _, below := range c.Below {
		known[below.SerialNumber.String()] = known[below.SerialNumber.String()] || now.After(below.NotAfter)
	}
	for _, older := range c.Lists[1:] {
		for _, entry := range older.RevokedCertificateEntries {
			if serial := entry.SerialNumber.String(); !known[serial] {
				known[serial] = true
				f.problem(CRLForgets, fmt.Sprintf("%s revokes %X, and the newest CRL of %s, %s, does not: verifiers trust it again; revoke it again: notation-pki crl --revoke %[2]X",
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
