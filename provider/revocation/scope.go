package revocation

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// scope is the IssuingDistributionPoint of a list (RFC 5280 section 5.2.5): which certificates it is about. A list without
// one is about all of its CA's.
type scope struct {
	names                       [][]byte
	named                       bool
	onlyUser, onlyCA, attribute bool
	reasons                     reasons
	indirect                    bool
}

// parseScope parses the extension; nil is the scope of a list without it.
func parseScope(der []byte) (s scope, ok bool) {
	s.reasons = allReasons
	if der == nil {
		return s, true
	}
	input := cryptobyte.String(der)
	var fields, name, flags cryptobyte.String
	var limited bool
	if !input.ReadASN1(&fields, cryptobyteasn1.SEQUENCE) || !input.Empty() || !fields.ReadOptionalASN1(&name, &s.named, constructed(0)) ||
		!readFlag(&fields, 1, &s.onlyUser) || !readFlag(&fields, 2, &s.onlyCA) || !fields.ReadOptionalASN1(&flags, &limited, primitive(3)) ||
		!readFlag(&fields, 4, &s.indirect) || !readFlag(&fields, 5, &s.attribute) || !fields.Empty() {
		return s, false
	}
	if limited {
		s.reasons = parseReasons(flags)
	}
	if s.named {
		s.names, ok = parseNames(name)
		return s, ok
	}
	return s, true
}

// readFlag reads an optional BOOLEAN that is false if it is not there.
func readFlag(from *cryptobyte.String, tag uint8, into *bool) bool {
	var value cryptobyte.String
	var there bool
	if !from.ReadOptionalASN1(&value, &there, primitive(tag)) || there && len(value) != 1 {
		return false
	}
	*into = there && value[0] != 0
	return true
}

// covers says why a list of this scope does not tell whether a certificate is revoked. The list was found through a
// distribution point (RFC 5280 section 6.3.3, steps b and d).
func (s scope) covers(cert *x509.Certificate, p point) error {
	isCA := cert.BasicConstraintsValid && cert.IsCA
	switch {
	case s.indirect, p.indirect:
		return problemf("the revocation list is an indirect one, which is not supported")
	case s.attribute:
		return problemf("the revocation list is about attribute certificates only")
	case s.onlyCA && !isCA:
		return problemf("the revocation list is about CA certificates only")
	case s.onlyUser && isCA:
		return problemf("the revocation list is not about CA certificates")
	case s.named && !shareName(s.names, p.names):
		return problemf("the revocation list is for another URL than the certificate names")
	case s.reasons&p.reasons != p.reasons || p.reasons == 0:
		return problemf("the revocation list is about some reasons only")
	}
	return nil
}
