package ca

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// CRLOptions say what a certificate revocation list holds.
type CRLOptions struct {
	// Revoked lists what is revoked. Default: nothing.
	Revoked []x509.RevocationListEntry

	// Number counts the lists of one CA; each must be higher than the last. Default: 1.
	Number int64

	// ThisUpdate is when the list was made, NextUpdate when the next is due: after that notation refuses the list.
	// Default: five minutes ago, and a day after ThisUpdate. Kept to the second.
	ThisUpdate, NextUpdate time.Time

	// Extensions are added to those that every list has. Default: none.
	Extensions []pkix.Extension
}

// CRL issues a certificate revocation list, as DER. It fails where NextUpdate does not come after ThisUpdate,
// and without the CA's key.
func (ca *CA) CRL(opts CRLOptions) ([]byte, error) {
	if ca.Key == nil {
		return nil, fmt.Errorf("issuing a CRL of %s: its key lives elsewhere", ca.Cert.Subject)
	}
	thisUpdate, nextUpdate := updates(opts.ThisUpdate, opts.NextUpdate)
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		RevokedCertificateEntries: opts.Revoked,
		Number:                    big.NewInt(max(opts.Number, 1)),
		ThisUpdate:                thisUpdate,
		NextUpdate:                nextUpdate,
		ExtraExtensions:           opts.Extensions,
	}, ca.Cert, ca.Key)
	if err != nil {
		return nil, fmt.Errorf("issuing a CRL of %s: %w", ca.Cert.Subject, err)
	}
	return der, nil
}

// updates fills in when a statement about revocation was made and until when it holds.
func updates(this, next time.Time) (time.Time, time.Time) {
	if this.IsZero() {
		this = time.Now().Add(-backdate)
	}
	if next.IsZero() {
		next = this.Add(day)
	}
	return this.UTC().Truncate(time.Second), next.UTC().Truncate(time.Second)
}
