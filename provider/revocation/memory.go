package revocation

import (
	"crypto/x509"
	"math/big"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxRevocations bounds the revoked certificates that are kept.
const maxRevocations = 4096

// revocations keeps which certificates their CA has revoked, by OCSP or in a list, and when the CA said so. It is kept longer
// than the answer, so that an older answer from any URL does not undo a revocation.
type revocations struct {
	known *lru.Cache[certKey, knownRevocation]
}

// certKey is a certificate as its CA identifies it. A CA may renew its own certificate, so its name and key identify it.
type certKey struct{ issuer, serial string }

// knownRevocation is a revocation and when the CA said it.
type knownRevocation struct {
	Revocation

	made time.Time
}

func newRevocations() (*revocations, error) {
	kept, err := lru.New[certKey, knownRevocation](maxRevocations)
	return &revocations{kept}, err
}

func keyOf(cert, issuer *x509.Certificate) certKey {
	return certKey{authorityOf(issuer), serialOf(cert.SerialNumber)}
}

// authorityOf identifies a CA.
func authorityOf(issuer *x509.Certificate) string {
	return string(issuer.RawSubject) + string(issuer.RawSubjectPublicKeyInfo)
}

func serialOf(n *big.Int) string { return n.Text(16) }

// apply keeps a revocation, and applies an earlier one to an answer that is not later. A revocation with
// an invalidity date does not count for what was signed before that date.
func (m *revocations) apply(q question, answer certStatus) certStatus {
	key := keyOf(q.cert, q.issuer)
	before, known := m.known.Get(key)
	switch {
	case answer.revoked != nil && (!known || !answer.made.Before(before.made)):
		m.known.Add(key, knownRevocation{*answer.revoked, answer.made})
	case answer.revoked == nil && known && !answer.made.After(before.made):
		earlier := before.Revocation
		answer.revoked = &earlier
	}
	if answer.revoked != nil && answer.revoked.excuses(q.signingTime) {
		answer.revoked = nil
	}
	return answer
}

// excuses tells whether a signature was made before the key was invalid (RFC 5280 section 5.3.2). A zero time is none.
func (r *Revocation) excuses(signingTime time.Time) bool {
	return !signingTime.IsZero() && !r.invalid.IsZero() && signingTime.Before(r.invalid)
}
