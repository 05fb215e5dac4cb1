package layout

import (
	"crypto/x509"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// Revoked finds what the newest list of a certificate's issuer says of it, where both are kept here; nil if nothing.
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
