package verifier

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// maxLinks bounds the links that are remembered: a few for each CA that signs.
const maxLinks = 4096

// links checks who issued a certificate, and remembers what held. Only keys that are trusted, or that a trusted
// certificate leads to, are computed with.
type links struct {
	held  *lru.Cache[link, struct{}]
	check func(cert, issuer *x509.Certificate) error
}

// link is a certificate and its issuer, by their SHA-256.
type link struct{ cert, issuer [sha256.Size]byte }

func newLinks() (*links, error) {
	held, err := lru.New[link, struct{}](maxLinks)
	return &links{held, keysize.CheckSignatureFrom}, err
}

// issued tells whether a certificate was issued by another.
func (l *links) issued(cert, issuer *x509.Certificate) error {
	key := link{sha256.Sum256(cert.Raw), sha256.Sum256(issuer.Raw)}
	if _, ok := l.held.Get(key); ok {
		return nil
	}
	if !bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		return errors.New("the certificate names another issuer")
	}
	if err := l.check(cert, issuer); err != nil {
		return err
	}
	l.held.Add(key, struct{}{})
	return nil
}

// chain checks the links of a chain, from the leaf up, of which one certificate is trusted: from that down, then up. The
// first link that does not hold ends it, so that a forged chain with a trusted certificate in it costs one check.
func (l *links) chain(chain []*x509.Certificate, trusted int) error {
	for i := trusted; i > 0; i-- {
		if err := l.issued(chain[i-1], chain[i]); err != nil {
			return err
		}
	}
	for i := trusted; i < len(chain)-1; i++ {
		if err := l.issued(chain[i], chain[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// unlinked counts the certificates that lead to none of the roots. One with the key of a certificate that does is the same
// authority under another issuer.
func (l *links) unlinked(certs, roots []*x509.Certificate) int {
	linked, rest := slices.Clone(roots), slices.Clone(certs)
	for grown := true; grown; {
		before := len(rest)
		rest = slices.DeleteFunc(rest, func(c *x509.Certificate) bool {
			if !slices.ContainsFunc(linked, func(above *x509.Certificate) bool { return sameKey(c, above) || l.issued(c, above) == nil }) {
				return false
			}
			linked = append(linked, c)
			return true
		})
		grown = len(rest) < before
	}
	return len(rest)
}

func sameKey(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}
