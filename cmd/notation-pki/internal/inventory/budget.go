package inventory

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
)

const (
	// maxCost bounds the cost of all checks of signatures. The unit is a check with a P-256 key, of which a core makes ten
	// thousand a second or more. The most certificates that are read, of CAs with P-384 keys, cost 1.5 million.
	maxCost = 2_000_000
	// maxStrangersCost is the same bound for the signatures on an image, which an attacker may have pushed: some ten
	// seconds.
	maxStrangersCost = 200_000
	// maxNamesakes is how many CAs of one name are tried as the issuer of a certificate.
	maxNamesakes = 8
)

// budget is the cost that is left for checks.
type budget struct {
	left  int
	spent bool // a check was not made
}

// take reports whether this many checks with these keys are within the budget, and subtracts their cost.
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

// costOf is the cost of one check with the certificate's key.

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
