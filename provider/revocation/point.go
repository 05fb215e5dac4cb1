package revocation

import (
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
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
