package rules

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// leafLike tells whether a certificate in first place is to be judged as a leaf. One that says cA, but by its key usage
// signs and issues nothing, is a signer that openssl made with its defaults.
func leafLike(cert *x509.Certificate) bool {
	const which = x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign
	return !cert.IsCA || cert.KeyUsage&which == x509.KeyUsageDigitalSignature
}

// place is a certificate within its chain.
type place struct {
	cert   *x509.Certificate
	issuer *x509.Certificate // nil: not in the chain
	leaf   bool
	below  int // how many CAs are between it and the leaf
}

func (l links) placeOf(path []*x509.Certificate, i int) place {
	p := place{cert: path[i], below: i, leaf: i == 0 && leafLike(path[0])}
	if leafLike(path[0]) {
		p.below--
	}
	if next := path[min(i+1, len(path)-1)]; l.issued(next, p.cert) {
		p.issuer = next
	}
	return p
}

func (p place) violations() []Violation {
	var found []Violation
	for _, c := range p.checks() {
		if text := c.broken(p); text != "" {
			found = append(found, Violation{p.cert, c.rule, text})
		}
	}
	return found
}

// check holds one rule against one certificate. What is broken is told in words, and nothing is told where it is kept.
type check struct {
	rule   Rule
	broken func(place) string
}

// checks are those that apply. Before version 3 there were no extensions, so that only their absence could be told.
func (p place) checks() []check {
	checks := fieldChecks()
	if p.leaf {
		checks = append(checks, keyChecks()...)
	}
	switch {
	case p.cert.Version < 3:
		return checks
	case p.leaf:
		return slices.Concat(checks, extensionChecks(), leafChecks())
	}
	return slices.Concat(checks, extensionChecks(), caChecks())
}

func fieldChecks() []check {
	return []check{
		{RuleVersion, oldVersion},
		{RuleSerial, oddSerial},
		{RuleValidity, neverValid},
		{RuleSignatureAlgorithm, weaklySigned},
	}
}

func keyChecks() []check {
	return []check{{RuleKeyLength, shortKey}, {RuleKeyType, otherKey}}
}

func extensionChecks() []check {
	return []check{
		{RuleCriticalExtension, unknownCritical},
		{RuleAuthorityKeyID, noAuthorityKeyID},
		{RuleAuthorityKeyIDMatch, otherAuthorityKeyID},
		{RulePathLengthOfNoCA, pathLengthOfNoCA},
		{RuleKeyUsage, noKeyUsage},
		{RuleKeyUsageCritical, uncriticalKeyUsage},
	}
}

func caChecks() []check {
	return []check{
		{RuleBasicConstraints, noBasicConstraints},
		{RuleBasicConstraintsCritical, uncriticalBasicConstraints},
		{RuleCA, noCA},
		{RulePathLength, shortPath},
		{RuleCertSign, noCertSign},
		{RuleSubjectKeyID, noSubjectKeyID},
	}
}

func leafChecks() []check {
	return []check{
		{RuleNoCA, leafIsCA},
		{RuleDigitalSignature, noDigitalSignature},
		{RuleSignsOnly, moreThanSigns},
		{RulePurpose, otherPurpose},
		{RuleTimestampPurpose, moreThanStamps},
		{RuleTimestampCritical, uncriticalStamps},
	}
}

func oldVersion(p place) string {
	if p.cert.Version >= 3 {
		return ""
	}
	return fmt.Sprintf("is of version %d, which cannot say what a certificate is for: issue it again as version 3",
		p.cert.Version)
}

// maxSerialBits is the length of a serial number: 20 octets is the most that RFC 5280 allows, and the first bit is the sign.
const maxSerialBits = 159

func oddSerial(p place) string {
	switch serial := p.cert.SerialNumber; {
	case serial.Sign() <= 0:
		return fmt.Sprintf("its serial number is %s: issue it again with a positive one", serial)
	case serial.BitLen() > maxSerialBits:
		return fmt.Sprintf("its serial number takes %d octets, and 20 are the most: issue it again with a shorter one",
			serial.BitLen()/8+1)
	}
	return ""
}

func neverValid(p place) string {
	if !p.cert.NotAfter.Before(p.cert.NotBefore) {
		return ""
	}
	return fmt.Sprintf("ends at %s, before it starts at %s: issue it again", p.cert.NotAfter.UTC(), p.cert.NotBefore.UTC())
}

// weaklySigned knows the sound algorithms and no other. Ed25519 is among them: what a CA signs with is its own choice.
func weaklySigned(p place) string {
	switch p.cert.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
		return ""
	case x509.UnknownSignatureAlgorithm:
		return "is signed with an algorithm that Go does not know: issue it again, signed with SHA-256"
	default:
		return fmt.Sprintf("is signed with %s, which can be forged or is not supported: issue it again, signed with SHA-256",
			p.cert.SignatureAlgorithm)
	}
}

func shortKey(p place) string {
	short := ""
	switch key := p.cert.PublicKey.(type) {
	case *rsa.PublicKey:
		short = shorter(key.N.BitLen(), 2048)
	case *ecdsa.PublicKey:
		short = shorter(key.Curve.Params().BitSize, 256)
	}
	return short
}

func shorter(bits, least int) string {
	if bits >= least {
		return ""
	}
	return fmt.Sprintf("its key has %d bits, and %d are the least: issue it again for a new key", bits, least)
}

// otherKey leaves short keys to the other rule. Like notation, it counts a modulus in whole octets.
func otherKey(p place) string {
	kind, listedBits := p.cert.PublicKeyAlgorithm.String(), false
	switch key := p.cert.PublicKey.(type) {
	case *rsa.PublicKey:
		kind = fmt.Sprintf("RSA of %d bits", key.N.BitLen())
		listedBits = slices.Contains([]int{2048, 3072, 4096}, key.Size()*8)
	case *ecdsa.PublicKey:
		kind = "of the curve " + key.Curve.Params().Name
		listedBits = slices.Contains([]int{256, 384, 521}, key.Curve.Params().BitSize)
	}
	if listedBits || shortKey(p) != "" {
		return ""
	}
	return fmt.Sprintf("its key is %s; notation signs with %s only: issue it again for one of those",
		kind, listed(ca.KeyTypes()))
}

func unknownCritical(p place) string {
	if len(p.cert.UnhandledCriticalExtensions) == 0 {
		return ""
	}
	return fmt.Sprintf("has critical extensions that verifiers do not know (%s): issue it again without, or not critical",
		listed(p.cert.UnhandledCriticalExtensions))
}

func noAuthorityKeyID(p place) string {
	if len(p.cert.AuthorityKeyId) > 0 || selfIssued(p.cert) {
		return ""
	}
	return "has no authority key identifier: issue it again with its issuer's subject key identifier there"
}

func otherAuthorityKeyID(p place) string {
	if p.issuer == nil || len(p.cert.AuthorityKeyId) == 0 || len(p.issuer.SubjectKeyId) == 0 ||
		bytes.Equal(p.cert.AuthorityKeyId, p.issuer.SubjectKeyId) {
		return ""
	}
	return fmt.Sprintf("its authority key identifier is %x, and its issuer's subject key identifier %x: "+
		"issue it again with the latter in both", p.cert.AuthorityKeyId, p.issuer.SubjectKeyId)
}

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

func has(cert *x509.Certificate, arc int) bool { return extensionAt(cert, arc) >= 0 }

func isCritical(cert *x509.Certificate, arc int) bool {
	at := extensionAt(cert, arc)
	return at >= 0 && cert.Extensions[at].Critical
}

func extensionAt(cert *x509.Certificate, arc int) int {
	id := asn1.ObjectIdentifier{2, 5, 29, arc}
	for i := range cert.Extensions {
		if cert.Extensions[i].Id.Equal(id) {
			return i
		}
	}
	return -1
}

func listed[T any](items []T) string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = fmt.Sprint(item)
	}
	return strings.Join(words, ", ")
}
