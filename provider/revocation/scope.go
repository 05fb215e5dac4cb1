package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extensions and their fields are those of RFC 5280 sections 4.2.1.13, 5.2.4 to 5.2.6 and 5.3.
var (
	oidCRLDistributionPoints    = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidDeltaCRLIndicator        = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidFreshestCRL              = asn1.ObjectIdentifier{2, 5, 29, 46}
	oidReasonCode               = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate           = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidCertificateIssuer        = asn1.ObjectIdentifier{2, 5, 29, 29}
)

// reasons is a set of revocation reasons, ReasonFlags of RFC 5280 section 4.2.1.13: bit 0 is unused.
type reasons uint16

// allReasons are keyCompromise (1) to aACompromise (8). A certificate is not revoked if lists for all of them say so.
const allReasons reasons = 0x1fe

// point is a distribution point of a certificate: one list, at one or more URLs.
type point struct {
	names    [][]byte // GeneralName, as DER without case
	urls     []string
	reasons  reasons
	indirect bool // its list is another CA's
}

// has tells whether there is an extension, readable or not.
func has(list []pkix.Extension, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, func(e pkix.Extension) bool { return e.Id.Equal(id) })
}

// pointsOf returns the distribution points of a certificate; none if it has no such extension, or one that cannot be read.
func pointsOf(cert *x509.Certificate) []point {
	points, _ := parsePoints(extension(cert.Extensions, oidCRLDistributionPoints))
	return points
}

// parsePoints parses CRLDistributionPoints, or FreshestCRL, which has the same form.
func parsePoints(der []byte) (points []point, ok bool) {
	input := cryptobyte.String(der)
	var list cryptobyte.String
	if !input.ReadASN1(&list, cryptobyteasn1.SEQUENCE) || !input.Empty() {
		return nil, false
	}
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadASN1(&one, cryptobyteasn1.SEQUENCE) {
			return nil, false
		}
		p, ok := parsePoint(one)
		if !ok {
			return nil, false
		}
		points = append(points, p)
	}
	return points, true
}

func parsePoint(der cryptobyte.String) (p point, ok bool) {
	var name, flags, issuer cryptobyte.String
	var named, limited bool
	if !der.ReadOptionalASN1(&name, &named, constructed(0)) || !der.ReadOptionalASN1(&flags, &limited, primitive(1)) ||
		!der.ReadOptionalASN1(&issuer, &p.indirect, constructed(2)) || !der.Empty() {
		return p, false
	}
	p.reasons = allReasons
	if limited {
		p.reasons = parseReasons(flags)
	}
	if named {
		p.names, ok = parseNames(name)
	}
	for _, n := range p.names {
		if place, isURL := urlOf(n); isURL {
			p.urls = append(p.urls, place)
		}
	}
	return p, ok || !named
}

func constructed(n uint8) cryptobyteasn1.Tag {
	return cryptobyteasn1.Tag(n).ContextSpecific().Constructed()
}
func primitive(n uint8) cryptobyteasn1.Tag { return cryptobyteasn1.Tag(n).ContextSpecific() }

// parseNames parses the full name of a DistributionPointName. One that is relative to the issuer has none.
func parseNames(der cryptobyte.String) (names [][]byte, ok bool) {
	var full cryptobyte.String
	var isFull bool
	if !der.ReadOptionalASN1(&full, &isFull, constructed(0)) {
		return nil, false
	}
	for !full.Empty() {
		var element cryptobyte.String
		var tag cryptobyteasn1.Tag
		if !full.ReadAnyASN1Element(&element, &tag) {
			return nil, false
		}
		names = append(names, element)
	}
	return names, true
}

// urlOf returns the URL that a GeneralName is.
func urlOf(name []byte) (string, bool) {
	element := cryptobyte.String(name)
	var text cryptobyte.String
	ok := element.ReadASN1(&text, primitive(6))
	return string(text), ok
}

// parseReasons parses ReasonFlags, a bit string.
func parseReasons(der cryptobyte.String) (set reasons) {
	if len(der) == 0 {
		return 0
	}
	bits := asn1.BitString{Bytes: der[1:], BitLength: 8*len(der[1:]) - min(int(der[0]), 7)}
	for i := 1; i <= 8; i++ {
		set |= reasons(bits.At(i)) << i //nolint:gosec // a bit
	}
	return set
}

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

// covers says why a list of this scope, found through a distribution point, does not tell whether a certificate is revoked
// (RFC 5280 section 6.3.3, steps b and d).
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

func shareName(some, others [][]byte) bool {
	return slices.ContainsFunc(some, func(a []byte) bool {
		return slices.ContainsFunc(others, func(b []byte) bool { return sameName(a, b) })
	})
}

// sameName compares two GeneralNames: URLs without regard to the case of scheme and host (RFC 5280 section 7.4).
func sameName(a, b []byte) bool {
	first, isURL := urlOf(a)
	second, alsoURL := urlOf(b)
	if !isURL || !alsoURL {
		return bytes.Equal(a, b)
	}
	return normalURL(first) == normalURL(second)
}

func normalURL(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return text
	}
	parsed.Scheme, parsed.Host = strings.ToLower(parsed.Scheme), strings.ToLower(parsed.Host)
	return parsed.String()
}

// needsDelta tells whether a certificate or a list names a delta list.
func needsDelta(extensions []pkix.Extension) bool {
	return extension(extensions, oidFreshestCRL) != nil
}

// extension returns the value of an extension; nil if there is none.
func extension(list []pkix.Extension, id asn1.ObjectIdentifier) []byte {
	i := slices.IndexFunc(list, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		return nil
	}
	return list[i].Value
}
