package rules

import (
	"crypto/x509"
	"fmt"
	"slices"
)

// pathLengthOfNoCA finds what the published recipes for openssl make of a leaf. Go reads it without complaint.
func pathLengthOfNoCA(p place) string {
	if !p.cert.BasicConstraintsValid || p.cert.IsCA || p.cert.MaxPathLen < 0 {
		return ""
	}
	return fmt.Sprintf("its basic constraints hold a path length (%d) and no cA, and only a CA's may hold one: "+
		"issue it again with CA:FALSE and no pathlen", p.cert.MaxPathLen)
}

func noKeyUsage(p place) string {
	if has(p.cert, keyUsage) {
		return ""
	}
	if p.leaf {
		return "has no key usage: issue it again with a critical one, digitalSignature"
	}
	return "has no key usage: issue it again with a critical one, keyCertSign and cRLSign"
}

func uncriticalKeyUsage(p place) string {
	if !has(p.cert, keyUsage) || isCritical(p.cert, keyUsage) {
		return ""
	}
	return "its key usage is not critical: issue it again with it critical"
}

func noBasicConstraints(p place) string {
	if has(p.cert, basicConstraints) {
		return ""
	}
	return "is in a CA's place and has no basic constraints: issue it again with critical, CA:TRUE"
}

func uncriticalBasicConstraints(p place) string {
	if !has(p.cert, basicConstraints) || isCritical(p.cert, basicConstraints) {
		return ""
	}
	return "its basic constraints are not critical: issue it again with them critical"
}

func noCA(p place) string {
	if !has(p.cert, basicConstraints) || p.cert.IsCA {
		return ""
	}
	return "is in a CA's place, and its basic constraints do not say cA: issue it again with CA:TRUE, " +
		"or have a CA issue what is below"
}

func shortPath(p place) string {
	limited := p.cert.MaxPathLen > 0 || p.cert.MaxPathLenZero
	if !p.cert.IsCA || !limited || p.cert.MaxPathLen >= p.below {
		return ""
	}
	return fmt.Sprintf("its path length is %d, and the CAs below it are %d: issue it again with that or none, "+
		"or have fewer CAs", p.cert.MaxPathLen, p.below)
}

func noCertSign(p place) string {
	if !has(p.cert, keyUsage) || p.cert.KeyUsage&x509.KeyUsageCertSign != 0 {
		return ""
	}
	return "is in a CA's place, and its key usage lacks keyCertSign: issue it again with it"
}

func noSubjectKeyID(p place) string {
	if len(p.cert.SubjectKeyId) > 0 {
		return ""
	}
	return "is in a CA's place and has no subject key identifier: issue it again with one"
}

func leafIsCA(p place) string {
	if !p.cert.IsCA {
		return ""
	}
	return "its basic constraints say that it is a CA, its key usage that it is a signer: issue it again with CA:FALSE"
}

func noDigitalSignature(p place) string {
	if !has(p.cert, keyUsage) || p.cert.KeyUsage&x509.KeyUsageDigitalSignature != 0 {
		return ""
	}
	return "its key usage lacks digitalSignature: issue it again with it"
}

func moreThanSigns(p place) string {
	var more []x509.KeyUsage
	for usage := x509.KeyUsageKeyEncipherment; usage <= x509.KeyUsageDecipherOnly; usage <<= 1 {
		if p.cert.KeyUsage&usage != 0 {
			more = append(more, usage)
		}
	}
	if len(more) == 0 {
		return ""
	}
	return fmt.Sprintf("its key usage also allows %s; a signer's may allow digitalSignature only: issue it again without",
		listed(more))
}

// otherPurpose leaves timeStamping to the rule for timestamp authorities.
func otherPurpose(p place) string {
	var others []x509.ExtKeyUsage
	for _, purpose := range p.cert.ExtKeyUsage {
		if slices.Contains(forbiddenPurposes(), purpose) {
			others = append(others, purpose)
		}
	}
	if len(others) == 0 || stamps(p.cert) {
		return ""
	}
	return fmt.Sprintf("its extended key usage has %s; a signer's may not: issue it again with codeSigning only",
		listed(others))
}

func forbiddenPurposes() []x509.ExtKeyUsage {
	return []x509.ExtKeyUsage{
		x509.ExtKeyUsageAny,
		x509.ExtKeyUsageServerAuth,
		x509.ExtKeyUsageClientAuth,
		x509.ExtKeyUsageEmailProtection,
		x509.ExtKeyUsageOCSPSigning,
	}
}

// moreThanStamps counts, since notation refuses timeStamping twice as well.
func moreThanStamps(p place) string {
	if !stamps(p.cert) || stampsOnly(p.cert) {
		return ""
	}
	return fmt.Sprintf("its extended key usage has timeStamping among %d; a signer's may not, and a timestamp "+
		"authority's may have it only and once: issue one certificate for each purpose", purposes(p.cert))
}

func uncriticalStamps(p place) string {
	if !stamps(p.cert) || isCritical(p.cert, extendedKeyUsage) {
		return ""
	}
	return "its extended key usage is not critical, as a timestamp authority's has to be: issue it again with it critical"
}

// The last arc of the object identifiers of extensions that Go reads without telling whether they are critical. Those
// before it are id-ce, 2.5.29: RFC 5280, 4.2.1.
const (
	keyUsage         = 15
	basicConstraints = 19
	extendedKeyUsage = 37
)
