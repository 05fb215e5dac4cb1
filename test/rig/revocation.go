package rig

import (
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// RevocationServer answers for a CA: which certificates are revoked, as a CRL and over OCSP. Certificates that it does not
// know are good. It is safe for concurrent use, and a change shows in the next answer.
type RevocationServer struct {
	issuer *ca.CA

	mu                     sync.Mutex
	revoked                map[string]x509.RevocationListEntry // by serial number, in decimal
	disowned               map[string]bool                     // by serial number, in decimal
	issued                 int64                               // number of CRLs so far
	thisUpdate, nextUpdate time.Time                           // zero: as of each answer
	responder              *ca.Identity                        // signs OCSP responses; nil: the CA
	extensions             []pkix.Extension                    // of the CRL
}

// NewRevocationServer makes a server for a CA that has revoked nothing.
func NewRevocationServer(issuer *ca.CA) *RevocationServer {
	return &RevocationServer{
		issuer:   issuer,
		revoked:  map[string]x509.RevocationListEntry{},
		disowned: map[string]bool{},
	}
}

// Revoke withdraws a certificate, as of the given time, for a reason of RFC 5280 section 5.3.1. 1 is a key that was
// compromised, 4 a certificate that was superseded; 0 leaves it open.
func (l *RevocationServer) Revoke(cert *x509.Certificate, at time.Time, reason int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked[cert.SerialNumber.String()] = x509.RevocationListEntry{
		SerialNumber:   cert.SerialNumber,
		RevocationTime: at.UTC().Truncate(time.Second),
		ReasonCode:     reason,
	}
}

// Disown makes the OCSP responder answer "unknown" for a certificate. A CRL cannot say that.
func (l *RevocationServer) Disown(cert *x509.Certificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disowned[cert.SerialNumber.String()] = true
}

// Reinstate takes back [RevocationServer.Revoke] and [RevocationServer.Disown].
func (l *RevocationServer) Reinstate(cert *x509.Certificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.revoked, cert.SerialNumber.String())
	delete(l.disowned, cert.SerialNumber.String())
}

// SetValidity fixes when the answers were made and until when they hold, so that a stale one can be had. Zero times
// bring back the default: five minutes ago, for a day.
func (l *RevocationServer) SetValidity(thisUpdate, nextUpdate time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.thisUpdate, l.nextUpdate = thisUpdate, nextUpdate
}

// SetResponder has an identity sign the OCSP responses, which then carry its certificate. Default: the CA signs, and
// sends no certificate.
func (l *RevocationServer) SetResponder(by *ca.Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.responder = by
}

// SetCRLExtensions adds extensions to the CRLs, such as an issuing distribution point.
func (l *RevocationServer) SetCRLExtensions(extensions ...pkix.Extension) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.extensions = extensions
}

// CRL issues the next revocation list, as DER.
func (l *RevocationServer) CRL() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.issued++
	opts := ca.CRLOptions{Number: l.issued, ThisUpdate: l.thisUpdate, NextUpdate: l.nextUpdate, Extensions: l.extensions}
	for _, entry := range l.revoked {
		opts.Revoked = append(opts.Revoked, entry)
	}
	slices.SortFunc(opts.Revoked, func(a, b x509.RevocationListEntry) int {
		return cmp.Or(a.RevocationTime.Compare(b.RevocationTime), a.SerialNumber.Cmp(b.SerialNumber))
	})
	return l.issuer.CRL(opts)
}

// CRLHandler serves the revocation list at any path.
func (l *RevocationServer) CRLHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		der, err := l.CRL()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/pkix-crl")
		_, _ = w.Write(der) // an error means that the client left
	})
}

// status fills in the status of a serial number.
func (l *RevocationServer) status(into *ocsp.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	into.ThisUpdate, into.NextUpdate = l.thisUpdate, l.nextUpdate
	if l.thisUpdate.IsZero() {
		into.ThisUpdate = time.Now().Add(-5 * time.Minute)
	}
	if l.nextUpdate.IsZero() {
		into.NextUpdate = into.ThisUpdate.AddDate(0, 0, 1)
	}
	serial := into.SerialNumber.String()
	entry, revoked := l.revoked[serial]
	switch {
	case l.disowned[serial]:
		into.Status = ocsp.Unknown
	case revoked:
		into.Status, into.RevokedAt, into.RevocationReason = ocsp.Revoked, entry.RevocationTime, entry.ReasonCode
	default:
		into.Status = ocsp.Good
	}
}
