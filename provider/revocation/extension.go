package revocation

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

// Extensions and their fields are those of RFC 5280 sections 4.2.1.13, 5.2.4 to 5.2.6 and 5.3, and of RFC 6960 section 4.2.2.2.1.
var (
	oidCRLDistributionPoints    = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidDeltaCRLIndicator        = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidFreshestCRL              = asn1.ObjectIdentifier{2, 5, 29, 46}
	oidReasonCode               = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate           = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidCertificateIssuer        = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidOCSPNoCheck              = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)

// has tells whether there is an extension, readable or not.
func has(extensions []pkix.Extension, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
}

// needsDelta tells whether a certificate or a list names a delta list.
func needsDelta(extensions []pkix.Extension) bool {
	return has(extensions, oidFreshestCRL)
}

// extension returns the value of an extension; nil if there is none.
func extension(extensions []pkix.Extension, id asn1.ObjectIdentifier) []byte {
	i := slices.IndexFunc(extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		return nil
	}
	return extensions[i].Value
}

// invalidityDate is when the key became invalid (RFC 5280 section 5.3.2); zero if that is not told.
func invalidityDate(extensions []pkix.Extension) time.Time {
	var invalid time.Time
	if value := extension(extensions, oidInvalidityDate); value != nil {
		if rest, err := asn1.UnmarshalWithParams(value, &invalid, "generalized"); err != nil || len(rest) > 0 {
			return time.Time{}
		}
	}
	return invalid
}
