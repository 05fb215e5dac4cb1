package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// maxResponders bounds the certificates in a response that may speak for the CA. Honest responses have one.
const maxResponders = 4

// maySpeak are the certificates that may sign for the CA: its own, and those in the response that it delegated to. Nothing
// is computed with the key of any other.
func (r *responders) maySpeak(ctx context.Context, embedded []asn1.RawValue, issuer *x509.Certificate) []*x509.Certificate {
	signers := []*x509.Certificate{issuer}
	for _, raw := range embedded {
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || authorityOf(cert) == authorityOf(issuer) || len(signers) > maxResponders {
			continue
		}
		if delegated(cert, issuer) == nil && r.notRevoked(ctx, cert, issuer) {
			signers = append(signers, cert)
		}
	}
	return signers
}

// delegated tells whether the CA lets a certificate sign OCSP responses. It does if it issued the certificate
// itself, for OCSP signing, and the certificate is in date (RFC 6960 section 4.2.2.2).
func delegated(cert, issuer *x509.Certificate) error {
	switch at := time.Now(); {
	case !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("not for OCSP signing")
	case cert.KeyUsage != 0 && cert.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return errors.New("not for digital signatures")
	case len(cert.UnhandledCriticalExtensions) > 0:
		return errors.New("with a critical extension that is not supported")
	case at.Before(cert.NotBefore), at.After(cert.NotAfter):
		return errors.New("not in date")
	case !bytes.Equal(cert.RawIssuer, issuer.RawSubject):
		return errors.New("issued by another CA")
	}
	return errors.Join(keysize.Check(cert), keysize.CheckSignatureFrom(cert, issuer))
}

// notRevoked tells whether a responder's own certificate still counts. RFC 6960 section 4.2.2.2.1 leaves it to the CA.
// One with the nocheck extension counts until it ends. One that names a revocation list is looked up there, and does not
// count while the list cannot be had. One that names neither counts.
func (r *responders) notRevoked(ctx context.Context, cert, issuer *x509.Certificate) bool {
	if has(cert.Extensions, oidOCSPNoCheck) || !has(cert.Extensions, oidCRLDistributionPoints) {
		return true
	}
	q := question{cert: cert, issuer: issuer, asked: map[string]bool{}}
	answer, err := r.lists.ask(ctx, q, true)
	return err == nil && r.revocations.apply(q, answer).revoked == nil
}
