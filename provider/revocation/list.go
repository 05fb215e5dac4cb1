package revocation

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyteasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
)

// list is a revocation list: its header, parsed by crypto/x509, and its entries as they came. crypto/x509 would make 200
// bytes of each entry of 35, before the signature is verified.
type list struct {
	*x509.RevocationList

	entries []byte // the contents of revokedCertificates
	scope   scope
	idp     []byte   // the scope as it came
	base    *big.Int // of a delta list, the number of the list that it amends
}

// parseList parses a list of RFC 5280 section 5.1 and verifies nothing.
func parseList(der []byte) (*list, error) {
	if block, _ := pem.Decode(der); block != nil {
		return nil, problemf("the revocation list is PEM; the CA must publish it as DER (RFC 5280 section 4.2.1.13)")
	}
	header, tbs, entries, err := cutEntries(der)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseRevocationList(header)
	if err != nil {
		return nil, &problem{"the revocation list cannot be read", err}
	}
	parsed.Raw, parsed.RawTBSRevocationList = nil, tbs // what is signed
	for i, e := range parsed.Extensions {
		if has(parsed.Extensions[:i], e.Id) { // RFC 5280 section 4.2
			return nil, problemf("the revocation list has an extension twice")
		}
	}
	l := &list{RevocationList: parsed, entries: entries, idp: extension(parsed.Extensions, oidIssuingDistributionPoint)}
	var ok bool
	if l.scope, ok = parseScope(l.idp); !ok {
		return nil, problemf("the revocation list has a scope that cannot be read")
	}
	if indicator := extension(parsed.Extensions, oidDeltaCRLIndicator); indicator != nil {
		value := cryptobyte.String(indicator)
		l.base = new(big.Int)
		if !value.ReadASN1Integer(l.base) || !value.Empty() {
			return nil, problemf("the revocation list has a delta indicator that cannot be read")
		}
	}
	return l, nil
}

// cutEntries returns the list without its entries, the part that is signed, and the entries.
func cutEntries(der []byte) (header, tbs, entries []byte, err error) {
	unreadableList := problemf("the revocation list cannot be read")
	input := cryptobyte.String(der)
	var body, signed, fields cryptobyte.String
	if !input.ReadASN1(&body, cryptobyteasn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Element(&signed, cryptobyteasn1.SEQUENCE) {
		return nil, nil, nil, unreadableList
	}
	tbs = signed
	if !signed.ReadASN1(&fields, cryptobyteasn1.SEQUENCE) {
		return nil, nil, nil, unreadableList
	}
	if !fields.PeekASN1Tag(cryptobyteasn1.INTEGER) {
		return nil, nil, nil, problemf("the revocation list has version 1; the CA must publish version 2 (RFC 5280 section 5.1.2.1)")
	}
	kept, entries, ok := splitEntries(fields)
	if !ok {
		return nil, nil, nil, unreadableList
	}
	var b cryptobyte.Builder
	b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cryptobyteasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(kept) })
		b.AddBytes(body)
	})
	header, err = b.Bytes()
	return header, tbs, entries, err
}

// splitEntries separates the fields of a list from its entries: the first sequence after the dates.
func splitEntries(fields cryptobyte.String) (kept, entries []byte, ok bool) {
	for dated := false; !fields.Empty(); {
		var element cryptobyte.String
		var tag cryptobyteasn1.Tag
		if !fields.ReadAnyASN1Element(&element, &tag) {
			return nil, nil, false
		}
		if dated && tag == cryptobyteasn1.SEQUENCE && entries == nil {
			var contents cryptobyte.String
			_ = element.ReadASN1(&contents, tag) // it was read as an element
			entries = contents
			continue
		}
		dated = dated || tag == cryptobyteasn1.UTCTime || tag == cryptobyteasn1.GeneralizedTime
		kept = append(kept, element...)
	}
	return kept, entries, true
}

// accept verifies that the list is the issuer's word today, and can be understood whole. Its error says why not.
func (l *list) accept(issuer *x509.Certificate) error {
	if !bytes.Equal(l.RawIssuer, issuer.RawSubject) {
		return problemf("the revocation list is another CA's")
	}
	if err := keysize.CheckList(l.RevocationList, issuer); err != nil {
		return &problem{"the revocation list is not signed by the CA", err}
	}
	switch at := time.Now(); {
	case l.ThisUpdate.After(at.Add(maxSkew)):
		return problemf("the revocation list is from the future")
	case l.NextUpdate.IsZero():
		return problemf("the revocation list does not say when it ends (RFC 5280 section 5.1.2.5)")
	case at.After(l.NextUpdate):
		return problemf("the revocation list ended on %s", l.NextUpdate.UTC().Format(time.DateOnly))
	}
	if slices.ContainsFunc(l.Extensions, func(e pkix.Extension) bool {
		return e.Critical && !e.Id.Equal(oidIssuingDistributionPoint) && !e.Id.Equal(oidDeltaCRLIndicator)
	}) {
		return problemf("the revocation list has a critical extension that is not supported")
	}
	var wrong error
	err := l.each(func(e entry) bool {
		if !e.understood() {
			wrong = problemf("the revocation list has an entry with an extension that is not supported")
		}
		return wrong == nil
	})
	return cmp.Or(err, wrong)
}
