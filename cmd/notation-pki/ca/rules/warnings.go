package rules

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// maxRSA2048Lifetime is the longest lifetime of a CA with an RSA-2048 key that has no warning. NIST SP 800-57 part 1 allows
// signing with such keys until 2030.
const maxRSA2048Lifetime = 20 * 365 * day

const day = 24 * time.Hour

// Warnings lists what no rule forbids and what will cause trouble later. Each line says what is wrong, what follows from
// it, and what to do. Statements about notation hold for notation-go 1.3.2 and notation-core-go 1.3.0. Certificates
// that take no part in a signature ([RoleOther]) have no warnings.
func Warnings(cert *x509.Certificate) []string {
	switch RoleOf(cert) {
	case RoleRoot:
		return caWarnings(cert)
	case RoleIntermediate:
		return append(caWarnings(cert), revocationWarnings(cert)...)
	case RoleSigner:
		return slices.Concat(nameWarnings(cert), purposeWarnings(cert), revocationWarnings(cert))
	case RoleTSA:
		return revocationWarnings(cert)
	case RoleOther:
	}
	return nil
}

// ChainWarnings lists the certificates that outlive their issuers, in a chain from the leaf to the root. The
// specification tells verifiers not to check this, but each certificate has to be valid when a signature is made.
func ChainWarnings(chain []*x509.Certificate) []string {
	var lines []string
	for i := range len(chain) - 1 {
		if cert, issuer := chain[i], chain[i+1]; cert.NotAfter.After(issuer.NotAfter) {
			lines = append(lines, fmt.Sprintf("%s ends on %s, after its issuer, on %s: nothing can be signed with it in "+
				"between; let it end no later", printable.Quote(cert.Subject), date(cert.NotAfter), date(issuer.NotAfter)))
		}
	}
	return lines
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func caWarnings(cert *x509.Certificate) []string {
	var lines []string
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCRLSign == 0 {
		lines = append(lines, "its key usage lacks cRLSign: notation accepts no CRL from it, so that nothing it issues can "+
			"be revoked by one; issue it again with it")
	}
	return append(lines, caKeyWarnings(cert)...)
}

// caKeyWarnings lists weak keys. The rules forbid them to leaves only.
func caKeyWarnings(cert *x509.Certificate) []string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return rsaWarnings(key.N.BitLen(), cert)
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits < 256 {
			return []string{fmt.Sprintf("its EC key has %d bits: make a new CA with %s or %s", bits, ca.ECP256, ca.ECP384)}
		}
	}
	return nil
}

func rsaWarnings(bits int, cert *x509.Certificate) []string {
	lifetime := cert.NotAfter.Sub(cert.NotBefore)
	switch {
	case bits < 2048:
		return []string{fmt.Sprintf("its RSA key has %d bits, which can be broken: make a new CA with %s or %s",
			bits, ca.RSA4096, ca.ECP384)}
	case bits < 3072 && lifetime > maxRSA2048Lifetime:
		return []string{fmt.Sprintf("its RSA key of %d bits is to last %d years: make a CA that long-lived with %s or %s",
			bits, lifetime/(365*day), ca.RSA4096, ca.ECP384)}
	}
	return nil
}

func purposeWarnings(cert *x509.Certificate) []string {
	if purposes(cert) > 0 {
		return nil
	}
	return []string{"has no extended key usage: notation takes it, but nothing else can tell that it is for signing " +
		"code; issue it again with codeSigning"}
}

// revocationWarnings follows notation's order: first OCSP, one URL after the other until one answers. If there is no
// status, notation asks for the CRLs, and needs all of them.
func revocationWarnings(cert *x509.Certificate) []string {
	if selfIssued(cert) {
		return []string{"is its own issuer, so that it cannot be revoked: be ready to take it out of every trust store"}
	}
	if len(cert.OCSPServer)+len(cert.CRLDistributionPoints) == 0 {
		return []string{fmt.Sprintf("has no CRL URL and no OCSP URL: notation takes it for one that cannot be revoked, "+
			"and a stolen key is good until %s; issue it with an http:// URL of either", date(cert.NotAfter))}
	}
	lines := ocspWarnings(cert.OCSPServer)
	for _, crl := range notHTTP(cert.CRLDistributionPoints) {
		lines = append(lines, fmt.Sprintf("CRL URL %q is not http://: notation stops at it, and the certificate's status "+
			"stays unknown, whatever CRLs come after; issue it again with http:// only", crl))
	}
	return lines
}

// ocspWarnings has two texts: notation skips a URL of another scheme, but notation-core-go 1.3.0 panics on a URL that
// cannot be parsed.
func ocspWarnings(urls []string) []string {
	var lines []string
	for _, text := range notHTTP(urls) {
		line := "OCSP URL %q is not http://, and notation passes it over: issue it again with one that is"
		if _, err := url.Parse(text); err != nil {
			line = "OCSP URL %q cannot be read, and notation may crash on it: never sign with it, and issue it again"
		}
		lines = append(lines, fmt.Sprintf(line, text))
	}
	return lines
}

func notHTTP(urls []string) []string {
	return slices.DeleteFunc(slices.Clone(urls), func(text string) bool {
		parsed, err := url.Parse(text)
		return err == nil && parsed.Scheme == "http"
	})
}

// nameWarnings lists why notation cannot compare a subject with a trust policy's trustedIdentities. notation compares
// the text that Go makes of the name, which differs from openssl's.
func nameWarnings(cert *x509.Certificate) []string {
	name := cert.Subject
	return slices.Concat(unreadable(name), missing(name), repeated(name), multiValued(cert.RawSubject))
}

const wildcardOnly = `only the trusted identity "*" matches`

// unreadable lists attributes for which Go has no name. It asks Go, so that no list of names is kept here.
func unreadable(name pkix.Name) []string {
	var lines []string
	for _, attribute := range name.Names {
		text := pkix.RDNSequence{{attribute}}.String()
		switch {
		case !strings.Contains(text, "=#"):
		case attribute.Type.String() == "1.2.840.113549.1.9.1":
			lines = append(lines, "its subject has an emailAddress, for which Go has no name: "+wildcardOnly+
				"; issue it again with the address as a subject alternative name")
		default:
			lines = append(lines, fmt.Sprintf("its subject has %s, and notation refuses names with \"=#\": %s; issue it again "+
				"without", printable.Quote(text), wildcardOnly))
		}
	}
	return lines
}

func missing(name pkix.Name) []string {
	var absent []string
	for _, needed := range []struct {
		name   string
		values []string
	}{{"C", name.Country}, {"ST", name.Province}, {"O", name.Organization}} {
		if strings.Join(needed.values, "") == "" {
			absent = append(absent, needed.name)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("its subject lacks %s, and notation compares names with C, ST and O only: %s; issue it "+
		"again with all three", listed(absent), wildcardOnly)}
}

// repeated lists attributes that occur more than once. Of CN and SERIALNUMBER Go keeps the last value only, of the
// others it keeps all.
func repeated(name pkix.Name) []string {
	var lines []string
	for _, kind := range []struct {
		name   string
		values int
	}{
		{"C", len(name.Country)}, {"ST", len(name.Province)}, {"L", len(name.Locality)}, {"STREET", len(name.StreetAddress)},
		{"POSTALCODE", len(name.PostalCode)}, {"O", len(name.Organization)}, {"OU", len(name.OrganizationalUnit)},
	} {
		if kind.values > 1 {
			lines = append(lines, fmt.Sprintf("its subject has %s %d times, and notation refuses that: %s; issue it again "+
				"with one", kind.name, kind.values, wildcardOnly))
		}
	}
	return append(lines, shadowed(name)...)
}

func shadowed(name pkix.Name) []string {
	var lines []string
	for _, kind := range []string{"CN", "SERIALNUMBER"} {
		isKind := func(a pkix.AttributeTypeAndValue) bool {
			return strings.HasPrefix(pkix.RDNSequence{{a}}.String(), kind+"=")
		}
		if first := slices.IndexFunc(name.Names, isKind); first >= 0 && slices.ContainsFunc(name.Names[first+1:], isKind) {
			lines = append(lines, fmt.Sprintf("its subject has %s more than once, and notation sees the last only: issue it "+
				"again with one", kind))
		}
	}
	return lines
}

// multiValued reads the encoded name: pkix.Name does not show which attributes are joined.

func multiValued(raw []byte) []string {
	var sets pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &sets); err != nil {
		return nil
	}
	var lines []string
	for _, set := range sets {
		if len(set) > 1 {
			lines = append(lines, fmt.Sprintf("its subject joins attributes to one (%s): notation sees them apart, and refuses "+
				"a trusted identity written with \"+\"; issue it again with each on its own", printable.Quote(pkix.RDNSequence{set})))
		}
	}
	return lines
}
