package trust

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// subjectPrefix begins the only kind of trusted identity that notation compares
// itself. Others are for a plugin.
const subjectPrefix = "x509.subject"

// neverMatches tells why a trusted identity matches no certificate at all; empty if
// it may match one. notation takes such identities without a word.
func neverMatches(identity string) string {
	prefix, name, _ := strings.Cut(identity, ":")
	switch {
	case identity == wildcard:
		return ""
	case prefix == "arn":
		return "it is for the plugin of AWS Signer, and no plugin is run here; name signers by x509.subject"
	case prefix != subjectPrefix:
		return fmt.Sprintf("identities of the kind %q are for a plugin, and no plugin is run here; name signers by %s", prefix, subjectPrefix)
	}
	for _, attribute := range distinguishedName(name) {
		if !slices.Contains(renderedAttributes(), attribute.Type) {
			return fmt.Sprintf("notation reads the attributes %s of a certificate's name, in capitals, and no %s", strings.Join(renderedAttributes(), ", "), attribute.Type)
		}
	}
	return ""
}

// renderedAttributes are those for which crypto/x509/pkix has a keyword. notation
// compares the text that Go makes of a certificate's name, where all others are an
// object identifier and "=#".
func renderedAttributes() []string {
	return []string{"C", "ST", "L", "STREET", "POSTALCODE", "O", "OU", "CN", "SERIALNUMBER"}
}

// distinguishedName are the attributes of a name in the form of RFC 4514, as notation
// reads them: S stands for ST. None if notation refuses the name.
func distinguishedName(text string) []ldap.AttributeTypeAndValue {
	parsed, err := ldap.ParseDN(text)
	if err != nil || strings.Contains(text, "=#") {
		return nil
	}
	var attributes []ldap.AttributeTypeAndValue
	seen := map[string]bool{}
	for _, part := range parsed.RDNs {
		attribute := *part.Attributes[0]
		if attribute.Type == "S" {
			attribute.Type = "ST"
		}
		if len(part.Attributes) > 1 || seen[attribute.Type] {
			return nil
		}
		seen[attribute.Type] = true
		attributes = append(attributes, attribute)
	}
	return attributes
}

// canCompare tells whether notation can compare a certificate's name with a trusted
// identity at all: the name needs C, ST and O (trust policy specification, "Trusted
// Identities").
func canCompare(subject string) bool {
	attributes := distinguishedName(subject)
	return !slices.ContainsFunc([]string{"C", "ST", "O"}, func(needed string) bool {
		return !slices.ContainsFunc(attributes, func(a ldap.AttributeTypeAndValue) bool { return a.Type == needed && a.Value != "" })
	})
}

// matches tells whether a trusted identity matches a certificate's name.
func matches(identity, subject string) bool {
	if identity == wildcard {
		return true
	}
	prefix, name, _ := strings.Cut(identity, ":")
	if prefix != subjectPrefix || !canCompare(subject) {
		return false
	}
	held := distinguishedName(subject)
	return !slices.ContainsFunc(distinguishedName(name), func(a ldap.AttributeTypeAndValue) bool { return !slices.Contains(held, a) })
}

// singleEscapes shows the names in an error of notation's as they are written. notation
// quotes them, which doubles their backslashes.
func singleEscapes(err error, identities []string) error {
	text := err.Error()
	for _, identity := range identities {
		_, name, _ := strings.Cut(identity, ":")
		for _, written := range []string{identity, name} {
			text = strings.ReplaceAll(text, strconv.Quote(written), printable.Quote(written))
		}
	}
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(text, "trust policy: "), "trust policy "))
}
