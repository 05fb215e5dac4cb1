package ca

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Subject is whom a certificate speaks of: a distinguished name, and the mail addresses that belong beside it.
type Subject struct {
	Name pkix.Name

	// Emails were written as emailAddress in the name. They belong into the subject alternative name: Go, and so
	// notation, renders an emailAddress of the distinguished name as an attribute that no trusted identity may hold.
	Emails []string
}

// attribute is one that a subject may have, with what RFC 5280 appendix A.1 allows as its length in characters.
type attribute struct {
	least, most int
	set         func(name *pkix.Name, value string)
}

// attributes are those with a keyword in RFC 4514 section 3 that both Go and notation know, and notation's own S for ST.
func attributes() map[string]attribute {
	stateOrProvince := attribute{1, 128, func(n *pkix.Name, v string) { n.Province = []string{v} }}
	return map[string]attribute{
		"C":      {2, 2, func(n *pkix.Name, v string) { n.Country = []string{v} }},
		"ST":     stateOrProvince,
		"S":      stateOrProvince,
		"L":      {1, 128, func(n *pkix.Name, v string) { n.Locality = []string{v} }},
		"STREET": {1, 128, func(n *pkix.Name, v string) { n.StreetAddress = []string{v} }},
		"O":      {1, 64, func(n *pkix.Name, v string) { n.Organization = []string{v} }},
		"OU":     {1, 64, func(n *pkix.Name, v string) { n.OrganizationalUnit = []string{v} }},
		"CN":     {1, 64, func(n *pkix.Name, v string) { n.CommonName = v }},
	}
}

// ParseSubject reads a distinguished name in the form of RFC 4514, such as "C=GB, ST=England, O=SKAO, CN=SKAO Root CA", in
// openssl's form with slashes, or with values in quotation marks. In the certificate its attributes stand in the order that
// X.509 has them. It fails where a trust policy could never
// name it: C, ST and O are needed (trust store and trust policy specification, "Trusted Identities"), each attribute may
// be there once, and CN is needed for people to tell certificates apart.
func ParseSubject(text string) (Subject, error) {
	subject, err := parseSubject(text)
	if err != nil {
		return Subject{}, fmt.Errorf("subject %s: %w", printable.Quote(text), err)
	}
	return subject, nil
}

func parseSubject(text string) (Subject, error) {
	rewritten, err := rfc4514(text)
	if err != nil {
		return Subject{}, err
	}
	dn, err := ldap.ParseDN(rewritten)
	if err != nil {
		return Subject{}, fmt.Errorf("%w; write it as \"C=GB, ST=England, O=SKAO, CN=SKAO Root CA\"", err)
	}
	if len(dn.RDNs) == 1 && joinedBySlashes.MatchString(rewritten) {
		return Subject{}, errors.New(`its attributes are joined by slashes; write "C=GB, ST=England, …", or "/C=GB/ST=England/…" with a slash in front`)
	}
	var subject Subject
	var seen []string
	for _, rdn := range dn.RDNs {
		if len(rdn.Attributes) != 1 {
			return Subject{}, errors.New("it joins attributes by \"+\", which no trusted identity can; separate them by commas")
		}
		keyword, err := subject.add(rdn.Attributes[0].Type, rdn.Attributes[0].Value)
		if err != nil {
			return Subject{}, err
		}
		if slices.Contains(seen, keyword) && keyword != emailKeyword {
			return Subject{}, fmt.Errorf("%s is there twice, and notation takes each attribute once", keyword)
		}
		seen = append(seen, keyword)
	}
	if missing := missingAttributes(subject.Name); len(missing) > 0 {
		return Subject{}, fmt.Errorf("%s missing; a trust policy names signers by C, ST and O, and people read CN", strings.Join(missing, ", "))
	}
	return subject, nil
}

// emailKeyword stands for an emailAddress under any of its names.
const emailKeyword = "emailAddress"

// add sets an attribute and returns the keyword that it goes by here.
func (s *Subject) add(keyword, value string) (string, error) {
	keyword = canonicalKeyword(keyword)
	if keyword == emailKeyword {
		s.Emails = append(s.Emails, value)
		return keyword, nil
	}
	allowed, known := attributes()[keyword]
	if !known {
		return "", fmt.Errorf("attribute %q is none of C, ST, L, STREET, O, OU, CN", keyword)
	}
	if n := utf8.RuneCountInString(value); n < allowed.least || n > allowed.most {
		bounds := fmt.Sprintf("%d to %d", allowed.least, allowed.most)
		if allowed.least == allowed.most {
			bounds = fmt.Sprintf("%d only", allowed.least)
		}
		return "", fmt.Errorf("%s is %s: %d characters, and RFC 5280 allows %s", keyword, printable.Quote(value), n, bounds)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return "", fmt.Errorf("%s is %s: it holds characters that cannot be printed", keyword, printable.Quote(value))
	}
	if strings.Contains(value, "=#") {
		return "", fmt.Errorf("%s is %s: notation refuses every name that holds \"=#\"", keyword, printable.Quote(value))
	}
	allowed.set(&s.Name, value)
	return keyword, nil
}

// canonicalKeyword takes openssl's long names and the object identifiers (RFC 4519) as well.
func canonicalKeyword(keyword string) string {
	switch upper := strings.ToUpper(keyword); upper {
	case "EMAILADDRESS", "EMAIL", "E", oidEmailAddress().String():
		return emailKeyword
	case "COUNTRYNAME", "2.5.4.6":
		return "C"
	case "S", "STATEORPROVINCENAME", "2.5.4.8":
		return "ST"
	case "LOCALITYNAME", "2.5.4.7":
		return "L"
	case "STREETADDRESS", "2.5.4.9":
		return "STREET"
	case "ORGANIZATIONNAME", "2.5.4.10":
		return "O"
	case "ORGANIZATIONALUNITNAME", "2.5.4.11":
		return "OU"
	case "COMMONNAME", "2.5.4.3":
		return "CN"
	default:
		return upper
	}
}

func missingAttributes(name pkix.Name) []string {
	var missing []string
	for keyword, there := range map[string]bool{
		"C":  len(name.Country) > 0,
		"ST": len(name.Province) > 0,
		"O":  len(name.Organization) > 0,
		"CN": name.CommonName != "",
	} {
		if !there {
			missing = append(missing, keyword)
		}
	}
	slices.Sort(missing)
	return missing
}

// oidEmailAddress is the attribute of PKCS#9 that RFC 5280 section 4.1.2.6 deprecates in names.
func oidEmailAddress() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
}

// SubjectOf reads the subject that a certificate request asks for, by the same rules as [ParseSubject].
func SubjectOf(name pkix.Name) (Subject, error) {
	var subject Subject
	var parts []string
	for _, entry := range name.Names {
		value, ok := entry.Value.(string)
		if !ok {
			return Subject{}, errors.New("the subject holds an attribute that is no text")
		}
		if entry.Type.Equal(oidEmailAddress()) {
			subject.Emails = append(subject.Emails, value)
			continue
		}
		parts = append(parts, pkix.RDNSequence{{entry}}.String())
	}
	parsed, err := ParseSubject(strings.Join(parts, ","))
	parsed.Emails = subject.Emails
	return parsed, err
}
