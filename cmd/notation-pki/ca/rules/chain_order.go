package rules

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// links remembers which certificate issued which. Each question costs a signature check, and the order of a chain is found
// by asking again and again.
type links map[[2]*x509.Certificate]bool

// mend finds the way from the leaf to the root among the certificates given, and tells what stood in its way. Where
// there is none, the order given is taken at its word.
func (l links) mend(chain []*x509.Certificate) ([]*x509.Certificate, []Breach) {
	indices := l.bestPath(chain)
	path := make([]*x509.Certificate, len(indices))
	for i, index := range indices {
		path[i] = chain[index]
	}
	if len(path) < len(chain) && !l.selfSigned(path[len(path)-1]) {
		return chain, l.brokenLinks(chain)
	}
	found := l.leftovers(chain, indices)
	if !slices.IsSorted(indices) {
		found = append(found, Breach{Rule: RuleChainOrder,
			Text: "the certificates are out of order: put the leaf first, and after each the one that issued it"})
	}
	return path, append(found, l.brokenLinks(path)...)
}

// bestPath is the longest way up, as indices into the chain.
func (l links) bestPath(chain []*x509.Certificate) []int {
	var best []int
	for _, start := range starts(chain) {
		if path := l.climb(chain, start); len(path) > len(best) {
			best = path
		}
	}
	return best
}

// starts are where a way up may begin: at a leaf, or else at a CA that issued none of the others.
func starts(chain []*x509.Certificate) []int {
	var leaves, bottoms []int
	for i, cert := range chain {
		switch {
		case namedByAnother(chain, cert):
		case leafLike(cert):
			leaves = append(leaves, i)
		default:
			bottoms = append(bottoms, i)
		}
	}
	if len(leaves) > 0 {
		return leaves
	}
	return append(bottoms, 0) // should they all have issued each other
}

func namedByAnother(chain []*x509.Certificate, cert *x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(other *x509.Certificate) bool {
		return !other.Equal(cert) && bytes.Equal(other.RawIssuer, cert.RawSubject)
	})
}

// climb goes from issuer to issuer for as long as there is one, and takes the nearest of those that come next.
func (l links) climb(chain []*x509.Certificate, start int) []int {
	path := []int{start}
	for at := start; !l.selfSigned(chain[at]); path = append(path, at) {
		next := -1
		for step := len(chain) - 1; step > 0; step-- {
			if i := (at + step) % len(chain); !slices.Contains(path, i) && l.issued(chain[i], chain[at]) {
				next = i
			}
		}
		if next < 0 {
			return path
		}
		at = next
	}
	return path
}

func (l links) selfSigned(cert *x509.Certificate) bool { return l.issued(cert, cert) }

func (l links) issued(issuer, cert *x509.Certificate) bool {
	if !bytes.Equal(issuer.RawSubject, cert.RawIssuer) {
		return false
	}
	pair := [2]*x509.Certificate{issuer, cert}
	if _, known := l[pair]; !known {
		l[pair] = verifies(issuer, cert)
	}
	return l[pair]
}

// verifies looks at the signature alone. A signature that Go cannot check passes: [RuleSignatureAlgorithm] names it.
func verifies(issuer, cert *x509.Certificate) bool {
	switch cert.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.MD5WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256:
		return true
	default:
		return keysize.CheckSignatureBy(cert, issuer) == nil
	}
}

// leftovers are the certificates off the path.
func (l links) leftovers(chain []*x509.Certificate, path []int) []Breach {
	var found []Breach
	for i, cert := range chain {
		switch {
		case slices.Contains(path, i):
		case l.selfSigned(cert):
			found = append(found, Breach{cert, RuleChainOneRoot,
				"is self-signed, and not where the chain ends, or there twice: leave it out"})
		default:
			found = append(found, Breach{cert, RuleChainRelated,
				"is no step on the way from the leaf to the root, or is there twice: leave it out"})
		}
	}
	return found
}

func (l links) brokenLinks(chain []*x509.Certificate) []Breach {
	var found []Breach
	last := len(chain) - 1
	for i, cert := range chain[:last] {
		if breach := l.brokenLink(cert, chain[i+1]); breach != nil {
			found = append(found, *breach)
		}
	}
	if breach := l.brokenEnd(chain[last]); breach != nil {
		found = append(found, *breach)
	}
	return found
}

func (l links) brokenLink(cert, next *x509.Certificate) *Breach {
	switch {
	case l.issued(next, cert):
		return nil
	case l.selfSigned(cert):
		return &Breach{cert, RuleChainOneRoot, "is self-signed, and the chain goes on: leave it out, or what follows"}
	case !bytes.Equal(next.RawSubject, cert.RawIssuer):
		return &Breach{cert, RuleIssuerName, fmt.Sprintf(
			"names %s as its issuer, but %s comes next: put its issuer there", printable.Quote(cert.Issuer), printable.Quote(next.Subject))}
	}
	return &Breach{cert, RuleSignature,
		"the key of the next certificate does not verify its signature: put there the one of the same name that does"}
}

func (l links) brokenEnd(cert *x509.Certificate) *Breach {
	switch {
	case l.selfSigned(cert):
		return nil
	case selfIssued(cert):
		return &Breach{cert, RuleSignature, "its own key does not verify its signature, though it names itself as its " +
			"issuer: get it again from where it was made"}
	}
	return &Breach{cert, RuleChainRoot, fmt.Sprintf(
		"is the last, and not self-signed: add its issuer, %s, and those above up to the root", printable.Quote(cert.Issuer))}
}
