package revocation

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

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
