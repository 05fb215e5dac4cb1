package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode"

	corex509 "github.com/notaryproject/notation-core-go/x509"
)

// Breach is a rule that a certificate chain breaks.
type Breach struct {
	// Cert is the certificate that breaks it, one of those given. Nil: the chain as a whole does.
	Cert *x509.Certificate

	// Rule is which, for programs.
	Rule Rule

	// Text is one line for people: what is there, and what to do about it. It does not name the certificate.
	Text string
}

// Rule names a rule for certificates or their chain. The list is closed, see [Rules].
type Rule string

// The rules. "NP" is the section "Certificate Requirements" of the Notary Project's signature specification,
// https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md#certificate-requirements,
// with its part (CA, leaf, other) and item. notation enforces those of NP but for the ones that say "not enforced", as
// of notation-core-go 1.3.0, and none of the others.
const (
	// RuleChain asks for a certificate at all.
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
	// RuleKeyLength asks a leaf for RSA keys of 2048 bits and elliptic curve keys of 256, or longer. NP, leaf 4.
	RuleKeyLength Rule = "key-length"
	// RuleKeyType asks a leaf for a key that signature algorithms are listed for: [KeyTypes]. The specification's
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

// Breaches tells every rule that a chain breaks, given leaf first and root last, as [x509.ParseCertificate] read it.
// No breach means that notation takes the chain, for timestamps if the leaf is for them and for signatures otherwise,
// as long as all of it is valid at the time in question.
//
// Where the order is wrong, or certificates are in it that do not belong, that is a breach and the others are judged as
// if it were mended. A certificate in first place that is a CA, by its key usage too, makes a chain without a leaf: all
// are judged as CAs, and what notation would say of it as a signer is not asked.
func Breaches(chain []*x509.Certificate) []Breach {
	return breaches(chain, refusal)
}

// breaches takes the verifier as an argument, since no chain is known that gets as far as the real one's refusal.
func breaches(chain []*x509.Certificate, verifier func([]*x509.Certificate) error) []Breach {
	if len(chain) == 0 {
		return []Breach{{Rule: RuleChain, Text: "there is no certificate: give the leaf's, then those up to the root's"}}
	}
	path, found := mend(chain)
	for i := range path {
		found = append(found, placeOf(path, i).breaches()...)
	}
	if len(found) > 0 || !leafLike(path[0]) {
		return found
	}
	if err := verifier(chain); err != nil {
		return []Breach{{Rule: RuleVerifier, Text: "notation refuses the chain: " + oneLine(err.Error())}}
	}
	return nil
}

func refusal(chain []*x509.Certificate) error {
	if stamps(chain[0]) {
		return corex509.ValidateTimestampingCertChain(chain)
	}
	return corex509.ValidateCodeSigningCertChain(chain, nil)
}

// oneLine keeps what a certificate says from moving the cursor of who reads about it.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// mend finds the way from the leaf to the root among the certificates given, and tells what stood in its way. Where
// there is none, the order given is taken at its word.
func mend(chain []*x509.Certificate) ([]*x509.Certificate, []Breach) {
	indices := bestPath(chain)
	path := make([]*x509.Certificate, len(indices))
	for i, index := range indices {
		path[i] = chain[index]
	}
	if len(path) < len(chain) && !selfSigned(path[len(path)-1]) {
		return chain, brokenLinks(chain)
	}
	found := leftovers(chain, indices)
	if !slices.IsSorted(indices) {
		found = append(found, Breach{Rule: RuleChainOrder,
			Text: "the certificates are out of order: put the leaf first, and after each the one that issued it"})
	}
	return path, append(found, brokenLinks(path)...)
}

// bestPath is the longest way up, as indices into the chain.
func bestPath(chain []*x509.Certificate) []int {
	var best []int
	for _, start := range starts(chain) {
		if path := climb(chain, start); len(path) > len(best) {
			best = path
		}
	}
	return best
}

// starts are where a way up may begin: at a leaf, or else at a CA that issued none of the others.
func starts(chain []*x509.Certificate) []int {
	var leaves, bottoms []int
	for i, cert := range chain {
		switch {
		case namedByAnother(chain, cert):
		case leafLike(cert):
			leaves = append(leaves, i)
		default:
			bottoms = append(bottoms, i)
		}
	}
	if len(leaves) > 0 {
		return leaves
	}
	return append(bottoms, 0) // should they all have issued each other
}

func namedByAnother(chain []*x509.Certificate, cert *x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(other *x509.Certificate) bool {
		return !other.Equal(cert) && bytes.Equal(other.RawIssuer, cert.RawSubject)
	})
}

// climb goes from issuer to issuer for as long as there is one, and takes the nearest of those that come next.
func climb(chain []*x509.Certificate, start int) []int {
	path := []int{start}
	for at := start; !selfSigned(chain[at]); path = append(path, at) {
		next := -1
		for step := len(chain) - 1; step > 0; step-- {
			if i := (at + step) % len(chain); !slices.Contains(path, i) && issued(chain[i], chain[at]) {
				next = i
			}
		}
		if next < 0 {
			return path
		}
		at = next
	}
	return path
}

func selfSigned(cert *x509.Certificate) bool { return issued(cert, cert) }

func issued(issuer, cert *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, cert.RawIssuer) && verifies(issuer, cert)
}

// verifies looks at the signature alone. A signature that Go cannot check passes: [RuleSignatureAlgorithm] names it.
func verifies(issuer, cert *x509.Certificate) bool {
	switch cert.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.MD5WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256:
		return true
	default:
		return issuer.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
	}
}

// leftovers are the certificates off the path.
func leftovers(chain []*x509.Certificate, path []int) []Breach {
	var found []Breach
	for i, cert := range chain {
		switch {
		case slices.Contains(path, i):
		case selfSigned(cert):
			found = append(found, Breach{cert, RuleChainOneRoot,
				"is self-signed, and not where the chain ends, or there twice: leave it out"})
		default:
			found = append(found, Breach{cert, RuleChainRelated,
				"is no step on the way from the leaf to the root, or is there twice: leave it out"})
		}
	}
	return found
}

func brokenLinks(chain []*x509.Certificate) []Breach {
	var found []Breach
	last := len(chain) - 1
	for i, cert := range chain[:last] {
		if breach := brokenLink(cert, chain[i+1]); breach != nil {
			found = append(found, *breach)
		}
	}
	if breach := brokenEnd(chain[last]); breach != nil {
		found = append(found, *breach)
	}
	return found
}

func brokenLink(cert, next *x509.Certificate) *Breach {
	switch {
	case issued(next, cert):
		return nil
	case selfSigned(cert):
		return &Breach{cert, RuleChainOneRoot, "is self-signed, and the chain goes on: leave it out, or what follows"}
	case !bytes.Equal(next.RawSubject, cert.RawIssuer):
		return &Breach{cert, RuleIssuerName, fmt.Sprintf(
			"names %q as its issuer, but %q comes next: put its issuer there", cert.Issuer, next.Subject)}
	}
	return &Breach{cert, RuleSignature,
		"the key of the next certificate does not verify its signature: put there the one of the same name that does"}
}

func brokenEnd(cert *x509.Certificate) *Breach {
	switch {
	case selfSigned(cert):
		return nil
	case selfIssued(cert):
		return &Breach{cert, RuleSignature, "its own key does not verify its signature, though it names itself as its " +
			"issuer: get it again from where it was made"}
	}
	return &Breach{cert, RuleChainRoot, fmt.Sprintf(
		"is the last, and not self-signed: add its issuer, %q, and those above up to the root", cert.Issuer)}
}

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

func placeOf(path []*x509.Certificate, i int) place {
	p := place{cert: path[i], below: i, leaf: i == 0 && leafLike(path[0])}
	if leafLike(path[0]) {
		p.below--
	}
	if next := path[min(i+1, len(path)-1)]; issued(next, p.cert) {
		p.issuer = next
	}
	return p
}

func (p place) breaches() []Breach {
	var found []Breach
	for _, c := range p.checks() {
		if text := c.broken(p); text != "" {
			found = append(found, Breach{p.cert, c.rule, text})
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

func oddSerial(p place) string {
	switch serial := p.cert.SerialNumber; {
	case serial.Sign() <= 0:
		return fmt.Sprintf("its serial number is %s: issue it again with a positive one", serial)
	case serial.BitLen() > serialBits:
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
		kind, listed(KeyTypes()))
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
