package layout

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Revoked returns the entry of a certificate in the newest CRL of its issuer, if the folder has that CRL. Nil: there is none.
func (f Folder) Revoked(cert, issuer *x509.Certificate) (*x509.RevocationListEntry, error) {
	all, err := f.All()
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		entry, err := g.revoked(cert, issuer)
		if entry != nil || err != nil {
			return entry, err
		}
	}
	return nil, nil
}

func (g Generation) revoked(cert, issuer *x509.Certificate) (*x509.RevocationListEntry, error) {
	list, _, err := g.LastCRL()
	if err != nil || list == nil || keysize.CheckList(list, issuer) != nil {
		return nil, err
	}
	same := func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(cert.SerialNumber) == 0 }
	if i := slices.IndexFunc(list.RevokedCertificateEntries, same); i >= 0 {
		return &list.RevokedCertificateEntries[i], nil
	}
	return nil, nil
}

// WhyRevoked says which certificate of a generation's chain a CRL in the folder revokes, when and why. It is empty if none
// is revoked.
func (f Folder) WhyRevoked(g Generation) (string, error) {
	chain, err := g.Chain()
	if err != nil {
		return "", err
	}
	for i, cert := range chain[:len(chain)-1] {
		entry, err := f.Revoked(cert, chain[i+1])
		if err != nil {
			return "", err
		}
		if entry != nil {
			return fmt.Sprintf("%s, of the chain of %s, was revoked at %s (%s)",
				printable.Quote(cert.Subject), g, entry.RevocationTime.UTC().Format(time.RFC3339), ca.ReasonOf(entry.ReasonCode)), nil
		}
	}
	return "", nil
}

// RefuseRevoked fails if a CRL in the folder revokes a certificate of the generation's chain: verifiers refuse what comes of
// it. The error says what to do with another generation, such as "sign with".
func (f Folder) RefuseRevoked(g Generation, use string) error {
	revoked, err := f.WhyRevoked(g)
	if err == nil && revoked != "" {
		err = fmt.Errorf("%s; %s another generation", revoked, use)
	}
	return err
}
