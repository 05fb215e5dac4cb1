package rules

import (
	"crypto/x509"
	"fmt"

	corex509 "github.com/notaryproject/notation-core-go/x509"

	"gitlab.com/ska-telescope/notation-provider/provider/keysize"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Violation is a rule that a certificate chain breaks.
type Violation struct {
	// Cert is the certificate that breaks the rule, one of those given. Nil: the chain as a whole breaks it.
	Cert *x509.Certificate

	// Rule is the rule's name, for programs.

	Rule Rule

	// Text is one line for people: what is wrong and what to do. It does not name the certificate.
	Text string
}

// Rule names a rule for certificates or their chain. The list is closed, see [Rules].
type Rule string

// The rules. "NP" is the section "Certificate Requirements" of the Notary Project's signature specification,
// https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md#certificate-requirements,
// with its part (CA, leaf, other) and item. notation enforces those of NP but for the ones that say "not enforced", as
// of notation-core-go 1.3.0, and none of the others.
const (
	// RuleChain asks for a certificate at all, and for no more than [keysize.MaxCertificates].
	RuleChain Rule = "chain"
	// RuleChainOrder asks for the leaf first, then who issued it, up to the root. NP, other 2.
	RuleChainOrder Rule = "chain-order"
	// RuleChainRoot asks for a self-signed certificate at the end. NP, other 1.
	RuleChainRoot Rule = "chain-root"
	// RuleChainOneRoot allows no self-signed certificate but the last. NP, other 2.
	RuleChainOneRoot Rule = "chain-one-root"
	// RuleChainRelated allows no certificate that is no part of the way from the leaf to the root. NP, other 2.
	RuleChainRelated Rule = "chain-related"
	// RuleIssuerName asks that a certificate name the next one's subject as its issuer. NP, other 2; RFC 5280, 6.1.
	RuleIssuerName Rule = "issuer-name"
	// RuleSignature asks that the next certificate's key verify a certificate's signature. NP, other 2; RFC 5280, 6.1.
	RuleSignature Rule = "signature"
	// RuleSignatureAlgorithm forbids SHA-1 (not enforced in a chain of one), and what is older or unknown. NP, other 3.
	RuleSignatureAlgorithm Rule = "signature-algorithm"

	// RuleKeyUsage asks for the key usage extension. NP, CA 2 and leaf 2.
	RuleKeyUsage Rule = "key-usage"
	// RuleKeyUsageCritical asks that it be critical (not enforced for a TSA). NP, CA 2 and leaf 2.
	RuleKeyUsageCritical Rule = "key-usage-critical"

	// RuleBasicConstraints asks a CA for the basic constraints extension. NP, CA 1.
	RuleBasicConstraints Rule = "basic-constraints"
	// RuleBasicConstraintsCritical asks that it be critical (not enforced). NP, CA 1; RFC 5280, 4.2.1.9.
	RuleBasicConstraintsCritical Rule = "basic-constraints-critical"
	// RuleCA asks that it say cA. NP, CA 1.
	RuleCA Rule = "ca"
	// RulePathLength asks that its path length, if any, cover the CAs below, self-issued ones included. NP, CA 1.
	RulePathLength Rule = "path-length"
	// RuleCertSign asks a CA for the key usage keyCertSign. NP, CA 2.
	RuleCertSign Rule = "cert-sign"

	// RuleNoCA forbids cA to a leaf. NP, leaf 1.
	RuleNoCA Rule = "no-ca"
	// RuleDigitalSignature asks a leaf for the key usage digitalSignature. NP, leaf 2.
	RuleDigitalSignature Rule = "digital-signature"
	// RuleSignsOnly forbids a leaf every other key usage but contentCommitment. NP, leaf 2.
	RuleSignsOnly Rule = "signs-only"
	// RulePurpose forbids a signer the purposes of others: anyExtendedKeyUsage (not enforced), serverAuth, clientAuth,
	// emailProtection, timeStamping. NP, leaf 3; OCSPSigning is forbidden by notation alone.
	RulePurpose Rule = "purpose"
	// RuleTimestampPurpose forbids a timestamp authority every other purpose. NP, leaf 3; RFC 3161, 2.3.
	RuleTimestampPurpose Rule = "timestamp-purpose"
	// RuleTimestampCritical asks that its extended key usage be critical. RFC 3161, 2.3, and enforced.
	RuleTimestampCritical Rule = "timestamp-critical"
	// RuleKeyLength asks a leaf for RSA keys of 2048 bits and elliptic curve keys of 256, or longer. NP, leaf 4. No
	// certificate may have an RSA key with more than [keysize.MaxRSABits].
	RuleKeyLength Rule = "key-length"
	// RuleKeyType asks a leaf for a key that signature algorithms are listed for: [ca.KeyTypes]. The specification's
	// "Algorithm Selection", and enforced.
	RuleKeyType Rule = "key-type"

	// RuleVersion asks for version 3, the first that has extensions. RFC 5280, 4.1.2.1.
	RuleVersion Rule = "version"
	// RuleSerial asks for a serial number that is positive and no longer than 20 octets. RFC 5280, 4.1.2.2.
	RuleSerial Rule = "serial"
	// RuleValidity asks that a certificate not end before it starts. RFC 5280, 4.1.2.5. Whether it holds now, or held
	// when something was signed, is for the verifier.
	RuleValidity Rule = "validity"
	// RuleCriticalExtension forbids critical extensions that verifiers do not know. RFC 5280, 4.2; notation ignores
	// them, and others have to refuse the certificate.
	RuleCriticalExtension Rule = "critical-extension"
	// RuleAuthorityKeyID asks for the authority key identifier where another issued the certificate. RFC 5280, 4.2.1.1.
	RuleAuthorityKeyID Rule = "authority-key-id"
	// RuleAuthorityKeyIDMatch asks that it be the issuer's subject key identifier. RFC 5280, 4.2.1.1.
	RuleAuthorityKeyIDMatch Rule = "authority-key-id-match"
	// RuleSubjectKeyID asks a CA for the subject key identifier. RFC 5280, 4.2.1.2.
	RuleSubjectKeyID Rule = "subject-key-id"
	// RulePathLengthOfNoCA forbids a path length where cA is not set. RFC 5280, 4.2.1.9.
	RulePathLengthOfNoCA Rule = "path-length-of-no-ca"

	// RuleVerifier is any that notation enforces and this list lacks: no chain passes that notation refuses.
	RuleVerifier Rule = "verifier"
)

// Rules lists every [Rule].
func Rules() []Rule {
	return []Rule{
		RuleChain, RuleChainOrder, RuleChainRoot, RuleChainOneRoot, RuleChainRelated, RuleIssuerName, RuleSignature,
		RuleSignatureAlgorithm, RuleKeyUsage, RuleKeyUsageCritical, RuleBasicConstraints, RuleBasicConstraintsCritical,
		RuleCA, RulePathLength, RuleCertSign, RuleNoCA, RuleDigitalSignature, RuleSignsOnly, RulePurpose,
		RuleTimestampPurpose, RuleTimestampCritical, RuleKeyLength, RuleKeyType, RuleVersion, RuleSerial, RuleValidity,
		RuleCriticalExtension, RuleAuthorityKeyID, RuleAuthorityKeyIDMatch, RuleSubjectKeyID, RulePathLengthOfNoCA,
		RuleVerifier,
	}
}

// Violations lists every rule that a chain breaks. The chain starts with the leaf and ends with the root. If there is no
// violation, notation accepts the chain for as long as every certificate is valid. It is for timestamps if the leaf is
// for them, and otherwise for signatures.
//
// A wrong order is a violation, and so is a certificate that does not belong. The other rules are checked against the
// corrected chain. If the first certificate is a CA by its key usage too, the chain has no leaf. Each certificate is
// checked as a CA, and notation is not asked.
func Violations(chain []*x509.Certificate) []Violation {
	return violations(chain, refusedByNotation)
}

// violations takes the verifier as an argument for tests: no chain is known that breaks none of our rules and that
// notation refuses.
func violations(chain []*x509.Certificate, verifier func([]*x509.Certificate) error) []Violation {
	if len(chain) == 0 {
		return []Violation{{Rule: RuleChain, Text: "there is no certificate: give the leaf's, then those up to the root's"}}
	}
	if tooMuch := tooLarge(chain); len(tooMuch) > 0 {
		return tooMuch
	}
	l := links{}
	path, found := l.orderChain(chain)
	for i := range path {
		found = append(found, l.placeOf(path, i).violations()...)
	}
	if len(found) > 0 || !leafLike(path[0]) {
		return found
	}
	if err := verifier(chain); err != nil {
		return []Violation{{Rule: RuleVerifier, Text: "notation refuses the chain: " + printable.Text(err.Error())}}
	}
	return nil
}

// tooLarge reports chains and keys that verifiers do not compute with. An attacker may have made them.
func tooLarge(chain []*x509.Certificate) []Violation {
	if len(chain) > keysize.MaxCertificates {
		return []Violation{{Rule: RuleChain, Text: fmt.Sprintf("the chain has %d certificates, and %d are the most that are checked: leave out those that do not belong",
			len(chain), keysize.MaxCertificates)}}
	}
	var found []Violation
	for _, cert := range chain {
		if err := keysize.Check(cert); err != nil {
			found = append(found, Violation{cert, RuleKeyLength, fmt.Sprintf("%v: issue it again for a smaller key", err)})
		}
	}
	return found
}

func refusedByNotation(chain []*x509.Certificate) error {
	if stamps(chain[0]) {
		return corex509.ValidateTimestampingCertChain(chain)
	}
	return corex509.ValidateCodeSigningCertChain(chain, nil)
}
