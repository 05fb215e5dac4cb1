package tree

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
)

const (
	// maxChecks is how many signatures are checked, all in all. As many certificates as are read take some 300,000; who made
	// up a file could ask for any number.
	maxChecks = 400_000
	// maxStrangersChecks is the same for the signatures on an image, which anybody may have pushed.
	maxStrangersChecks = 40_000
	// heavy is how many others a check by one of the largest keys costs.
	heavy = 100
	// maxNamesakes is how many CAs of one name are tried as the issuer of a certificate.
	maxNamesakes = 8
)

// budget is what is left of the checks.
type budget struct {
	left  int
	spent bool // a check was not made
}

// take tells whether so many checks by a key may be made.
func (b *budget) take(checks int, by ...*x509.Certificate) bool {
	cost := checks
	for _, cert := range by {
		cost = max(cost, checks*weight(cert))
	}
	if cost > b.left {
		b.spent = true
		return false
	}
	b.left -= cost
	return true
}

// weight is what a check by a key costs.
func weight(cert *x509.Certificate) int {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() > 4096 || key.E > 1<<17 {
			return heavy
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize > 384 {
			return heavy / 10
		}
	}
	return 1
}
