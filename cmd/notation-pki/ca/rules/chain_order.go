package rules

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// links remembers which certificate issued which: finding the order of a chain needs each answer several times, and each
// answer costs a signature check.
type links map[[2]*x509.Certificate]bool

// orderChain returns the certificates that lead from the leaf to the root, in that order, and the violations in how the
// chain was given. If nothing leads to a root, it returns the chain as it was given.
func (l links) orderChain(chain []*x509.Certificate) ([]*x509.Certificate, []Violation) {
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
		found = append(found, Violation{Rule: RuleChainOrder,
			Text: "the certificates are out of order: put the leaf first, and after each the one that issued it"})
	}
	return path, append(found, l.brokenLinks(path)...)
}

// bestPath is the longest path from a leaf upwards, as indices into the chain.
func (l links) bestPath(chain []*x509.Certificate) []int {
	var best []int
	for _, start := range leaves(chain) {
		if path := l.followIssuers(chain, start); len(path) > len(best) {
			best = path
		}
	}
	return best
}

// leaves are the certificates that a path may start at: signers or, without one, CAs that issued none of the others.
func leaves(chain []*x509.Certificate) []int {
	var signers, cas []int
	for i, cert := range chain {
		switch {
		case namedByAnother(chain, cert):
		case leafLike(cert):
			signers = append(signers, i)
		default:
			cas = append(cas, i)
		}
	}
	if len(signers) > 0 {
		return signers
	}
	return append(cas, 0) // 0: each may have issued another
}

func namedByAnother(chain []*x509.Certificate, cert *x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(other *x509.Certificate) bool {
		return !other.Equal(cert) && bytes.Equal(other.RawIssuer, cert.RawSubject)
	})
}

// followIssuers goes from issuer to issuer until there is none. Of several issuers it takes the one that comes next in the
// chain.
func (l links) followIssuers(chain []*x509.Certificate, start int) []int {
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

// verifies checks the signature only. A signature that Go cannot check passes: [RuleSignatureAlgorithm] reports it.

func verifies(issuer, cert *x509.Certificate) bool {
	switch cert.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.MD5WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256:
		return true
	default:
		return keysize.CheckSignatureBy(cert, issuer) == nil
	}
}

// leftovers are the certificates off the path.
func (l links) leftovers(chain []*x509.Certificate, path []int) []Violation {
	var found []Violation
	for i, cert := range chain {
		switch {
		case slices.Contains(path, i):
		case l.selfSigned(cert):
			found = append(found, Violation{cert, RuleChainOneRoot,
				"is self-signed, and not where the chain ends, or there twice: leave it out"})
		default:
			found = append(found, Violation{cert, RuleChainRelated,
				"is no step on the way from the leaf to the root, or is there twice: leave it out"})
		}
	}
	return found
}

func (l links) brokenLinks(chain []*x509.Certificate) []Violation {
	var found []Violation
	last := len(chain) - 1
	for i, cert := range chain[:last] {
		if violation := l.brokenLink(cert, chain[i+1]); violation != nil {
			found = append(found, *violation)
		}
	}
	if violation := l.brokenEnd(chain[last]); violation != nil {
		found = append(found, *violation)
	}
	return found
}

func (l links) brokenLink(cert, next *x509.Certificate) *Violation {
	switch {
	case l.issued(next, cert):
		return nil
	case l.selfSigned(cert):
		return &Violation{cert, RuleChainOneRoot, "is self-signed, and the chain goes on: leave it out, or what follows"}
	case !bytes.Equal(next.RawSubject, cert.RawIssuer):
		return &Violation{cert, RuleIssuerName, fmt.Sprintf(
			"names %s as its issuer, but %s comes next: put its issuer there", printable.Quote(cert.Issuer), printable.Quote(next.Subject))}
	}
	return &Violation{cert, RuleSignature,
		"the key of the next certificate does not verify its signature: put there the one of the same name that does"}
}

func (l links) brokenEnd(cert *x509.Certificate) *Violation {
	switch {
	case l.selfSigned(cert):
		return nil
	case selfIssued(cert):
		return &Violation{cert, RuleSignature, "its own key does not verify its signature, though it names itself as its " +
			"issuer: get it again from where it was made"}
	}
	return &Violation{cert, RuleChainRoot, fmt.Sprintf(
		"is the last, and not self-signed: add its issuer, %s, and those above up to the root", printable.Quote(cert.Issuer))}
}
