package revocation

import (
	"time"

	"golang.org/x/crypto/ocsp"
)

// statement is what a CA says of one certificate.
type statement struct {
	*ocsp.Response

	received time.Time // by the wall clock
}

// status is what the statement means for the certificate that was asked about.
func (s statement) status(max time.Duration) certStatus {
	r := certStatus{nextUpdate: s.NextUpdate, recheckAt: s.received.Add(max), made: s.ThisUpdate}
	if s.Status == ocsp.Revoked {
		r.revoked = &Revocation{At: s.RevokedAt, Reason: s.RevocationReason, invalid: invalidityDate(s.Extensions)}
	}
	return r
}

// inDate says why a statement does not hold now. One without a next update says that newer ones are always to be had
// (RFC 6960 section 4.2.2.1). So it holds no longer than answers may be used.
func (s statement) inDate(max time.Duration) error {
	at := time.Now()
	end := s.NextUpdate
	if end.IsZero() {
		end = s.ThisUpdate.Add(max + maxSkew)
	}
	switch {
	case s.ThisUpdate.After(at.Add(maxSkew)), s.ProducedAt.After(at.Add(maxSkew)):
		return problemf("the OCSP answer is from the future")
	case at.After(end):
		return problemf("the OCSP answer has ended")
	}
	return nil
}

// isOlder tells whether an answer does not replace the one that is kept. Of two of the same second, the one that says revoked
// counts.
func isOlder(kept, fresh statement) bool {
	return fresh.ThisUpdate.Before(kept.ThisUpdate) ||
		fresh.ThisUpdate.Equal(kept.ThisUpdate) && kept.Status == ocsp.Revoked && fresh.Status == ocsp.Good
}
