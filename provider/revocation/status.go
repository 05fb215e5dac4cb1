package revocation

import (
	"crypto/x509"
	"time"
)

// Status is what certificate authorities said of one chain.
type Status struct {
	// Revoked is the first revoked certificate from the leaf up; nil if there is none.
	Revoked *Revocation
	// Unknown says why the status of a certificate is not known, an [*UnknownError]; nil if all are known.
	Unknown error
	// NextUpdate is when the first of the answers ends; zero if none says.
	NextUpdate time.Time
	// RecheckAt is when the first of the answers is too old to use; zero if no CA was asked.
	RecheckAt time.Time

	// worst is the place in the chain of the certificate that Revoked, or else Unknown, is about.
	worst int
}

// Revocation is a revoked certificate.
type Revocation struct {
	// Subject is the certificate's, as Go writes it.
	Subject string
	// At is when the CA revoked it.
	At time.Time
	// Reason is the code of RFC 5280 section 5.3.1; 0 says nothing.
	Reason int

	invalid time.Time // the invalidity date; zero if there is none
}

// Good tells whether every certificate is known not to be revoked.
func (s Status) Good() bool { return s.Revoked == nil && s.Unknown == nil }

// certStatus is what is known of one certificate. The zero value is good, and bounded by nothing.
type certStatus struct {
	revoked    *Revocation
	unknown    error
	nextUpdate time.Time
	recheckAt  time.Time
	made       time.Time // when the CA made the answer
}

// summary puts the results of a chain together. Revoked goes before unknown: it is certain.
func summary(chain []*x509.Certificate, results []certStatus) Status {
	var s Status
	for i, r := range results {
		if r.revoked != nil && s.Revoked == nil {
			s.Revoked, s.worst = r.revoked, i
			s.Revoked.Subject = chain[i].Subject.String()
		}
		if r.unknown != nil && s.Unknown == nil {
			s.Unknown = r.unknown
			if s.Revoked == nil {
				s.worst = i
			}
		}
		s.NextUpdate = earlier(s.NextUpdate, r.nextUpdate)
		s.RecheckAt = earlier(s.RecheckAt, r.recheckAt)
	}
	return s
}

// earlier returns the earlier of two times; a zero time bounds nothing.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
