package inventory

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
)

const (
	// maxCost is what all checks of signatures may cost together, in those by a P-256 key, of which a core makes ten
	// thousand a second or more. As many certificates as are read, of CAs with P-384 keys, cost a million and a half.
	maxCost = 2_000_000
	// maxStrangersCost is the same for the signatures on an image, which anybody may have pushed: some ten seconds.
	maxStrangersCost = 200_000
	// maxNamesakes is how many CAs of one name are tried as the issuer of a certificate.
	maxNamesakes = 8
)

// budget is what may still be spent on checks.
type budget struct {
	left  int
	spent bool // a check was not made
}

// take tells whether so many checks by these keys may be made.
func (b *budget) take(checks int, by ...*x509.Certificate) bool {
	each := 0
	for _, cert := range by {
		each = max(each, costOf(cert))
	}
	if checks*each > b.left {
		b.spent = true
		return false
	}
	b.left -= checks * each
	return true
}

// costOf is what a check by a key costs.
func costOf(cert *x509.Certificate) int {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() > 4096 || key.E > 1<<17 {
			return 100
		}
		return 4
	case *ecdsa.PublicKey:
		switch bits := key.Curve.Params().BitSize; {
		case bits > 384:
			return 20
		case bits > 256:
			return 8
		}
	}
	return 1
}
