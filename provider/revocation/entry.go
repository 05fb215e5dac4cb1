package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// entry is an entry of a list.
type entry struct {
	serial     []byte // the contents of its INTEGER, without padding
	revokedAt  cryptobyte.String
	extensions cryptobyte.String
}

// each calls f with every entry until it returns false. Its error says why the entries cannot be read.
func (l *list) each(f func(entry) bool) error {
	for rest := cryptobyte.String(l.entries); !rest.Empty(); {
		var fields, serial cryptobyte.String
		var e entry
		var tag cryptobyteasn1.Tag
		var there bool
		if !rest.ReadASN1(&fields, cryptobyteasn1.SEQUENCE) || !fields.ReadASN1(&serial, cryptobyteasn1.INTEGER) || len(serial) == 0 ||
			!fields.ReadAnyASN1Element(&e.revokedAt, &tag) ||
			!fields.ReadOptionalASN1(&e.extensions, &there, cryptobyteasn1.SEQUENCE) || !fields.Empty() {
			return problemf("the revocation list has an entry that cannot be read")
		}
		e.serial = unpadded(serial)
		if !f(e) {
			return nil
		}
	}
	return nil
}

// unpadded removes what an encoder wrote too much before a number.
func unpadded(number []byte) []byte {
	for len(number) > 1 && (number[0] == 0 && number[1] < 0x80 || number[0] == 0xff && number[1] >= 0x80) {
		number = number[1:]
	}
	return number
}

// understood tells whether the entry's extensions are known, or may be passed over. One with a critical extension that is
// not known makes the whole list useless (RFC 5280 section 5.3). One that names another issuer is part of an indirect list.
func (e entry) understood() bool {
	if len(e.extensions) == 0 {
		return true
	}
	for _, x := range e.parseExtensions() {
		known := x.Id.Equal(oidReasonCode) || x.Id.Equal(oidInvalidityDate)
		if x.Id.Equal(oidCertificateIssuer) || x.Critical && !known {
			return false
		}
	}
	return true
}

// parseExtensions returns the entry's extensions; an unreadable one is a critical one that is not known.
func (e entry) parseExtensions() (all []pkix.Extension) {
	for rest := []byte(e.extensions); len(rest) > 0; {
		var x pkix.Extension
		var err error
		if rest, err = asn1.Unmarshal(rest, &x); err != nil {
			return append(all, pkix.Extension{Critical: true})
		}
		all = append(all, x)
	}
	return all
}

// find returns the entries for a certificate.
func (l *list) find(cert *x509.Certificate) (found []entry) {
	serial := contents(cert.SerialNumber)
	if !bytes.Contains(l.entries, serial) { // far quicker than reading each
		return nil
	}
	_ = l.each(func(e entry) bool { // which found no error when the list was accepted
		if bytes.Equal(e.serial, serial) {
			found = append(found, e)
		}
		return true
	})
	return found
}

// contents are those of a number's INTEGER.
func contents(number *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(number)
	element := cryptobyte.String(b.BytesOrPanic())
	var inner cryptobyte.String
	_ = element.ReadASN1(&inner, cryptobyteasn1.INTEGER) // it was written so
	return inner
}

// revocation is what an entry says: when, and why.
func (e entry) revocation() *Revocation {
	r := &Revocation{}
	_, _ = asn1.Unmarshal(e.revokedAt, &r.At) // a time that cannot be read is no reason not to believe the rest
	if reason := extension(e.parseExtensions(), oidReasonCode); reason != nil {
		var code asn1.Enumerated
		if _, err := asn1.Unmarshal(reason, &code); err == nil {
			r.Reason = int(code)
		}
	}
	r.invalid = invalidityDate(e.parseExtensions())
	return r
}
