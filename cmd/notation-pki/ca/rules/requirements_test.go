package rules

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	corex509 "github.com/notaryproject/notation-core-go/x509"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// mold is a chain of three about to be made: what is altered in it comes out of its certificates, nothing else.
type mold struct {
	tb testing.TB

	leaf, intermediate, root *x509.Certificate

	// leafKey and intermediateKey are random unless they are set.
	leafKey, intermediateKey crypto.Signer

	// parent is the issuer that the leaf names. Default: the intermediate.
	parent *x509.Certificate
}

func newMold(tb testing.TB) *mold {
	tb.Helper()
	m := &mold{tb: tb, leafKey: ecKey(tb, elliptic.P256()), intermediateKey: ecKey(tb, elliptic.P256())}
	m.root, m.intermediate, m.leaf = cast("root", 1), cast("intermediate", 2), cast("leaf", 3)
	asCA(m.root, -1)
	asCA(m.intermediate, -1)
	m.leaf.KeyUsage = x509.KeyUsageDigitalSignature
	m.leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	return m
}

// asCA makes a CA of a certificate, with this path length; -1: unbounded.
func asCA(c *x509.Certificate, pathLen int) {
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	c.MaxPathLen, c.MaxPathLenZero = pathLen, pathLen == 0
}

func cast(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{Country: []string{"GB"}, CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		SubjectKeyId:          []byte(name),
		BasicConstraintsValid: true,
		MaxPathLen:            -1,
	}
}

// pour makes the chain. Every certificate names the key that its issuer's template does.
func (m *mold) pour(tb testing.TB) []*x509.Certificate {
	tb.Helper()
	rootKey := ecKey(tb, elliptic.P256())
	parent := m.intermediate
	if m.parent != nil {
		parent = m.parent
	}
	return []*x509.Certificate{
		mint(tb, m.leaf, parent, m.leafKey.Public(), m.intermediateKey),
		mint(tb, m.intermediate, m.root, m.intermediateKey.Public(), rootKey),
		mint(tb, m.root, m.root, rootKey.Public(), rootKey),
	}
}

func mint(tb testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer,
) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		tb.Fatal(err)
	}
	return parsed(tb, der)
}

func parsed(tb testing.TB, der []byte) *x509.Certificate {
	tb.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

func ecKey(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func rsaKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// extension puts one into a certificate that Go would write otherwise or not at all.
func extension(arc int, critical bool, value ...byte) []pkix.Extension {
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, arc}, Critical: critical, Value: value}}
}

// forge replaces the first of equally long bytes in what a certificate says, and signs that with ECDSA and SHA-256.
func forge(tb testing.TB, cert *x509.Certificate, key crypto.Signer, old, replacement []byte) *x509.Certificate {
	tb.Helper()
	if !bytes.Contains(cert.RawTBSCertificate, old) || len(old) != len(replacement) {
		tb.Fatalf("%x is not there", old)
	}
	said := bytes.Replace(cert.RawTBSCertificate, old, replacement, 1)
	sum := sha256.Sum256(said)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		Said      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: said},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
		asn1.BitString{Bytes: signature, BitLength: len(signature) * 8},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return parsed(tb, der)
}

// The places of a chain that a case blames.
const (
	theLeaf, theIntermediate, theRoot = 0, 1, 2
	theWhole                          = -1
)

type chain = []*x509.Certificate

// broken is a chain that breaks one rule and keeps all others.
type broken struct {
	name     string
	rule     Rule
	blamed   int                      // index in the chain that comes out
	alter    func(*mold)              // before it is made, if anything
	after    func(*mold, chain) chain // once it is made, if anything
	tolerant bool                     // notation does not enforce the rule
}

// brokenChains has at least one chain for every rule but [RuleVerifier].
func brokenChains() []broken {
	return slices.Concat(brokenAsChains(), brokenCAs(), brokenLeaves(), brokenTimestampers(), brokenProfiles())
}

func brokenAsChains() []broken {
	return []broken{
		{name: "empty", rule: RuleChain, blamed: theWhole, after: func(*mold, chain) chain { return nil }},
		{name: "root first", rule: RuleChainOrder, blamed: theWhole, after: func(_ *mold, c chain) chain {
			return chain{c[2], c[1], c[0]}
		}},
		{name: "CAs swapped", rule: RuleChainOrder, blamed: theWhole, after: func(_ *mold, c chain) chain {
			return chain{c[0], c[2], c[1]}
		}},
		{name: "CAs alone, root first", rule: RuleChainOrder, blamed: theWhole, after: func(_ *mold, c chain) chain {
			return chain{c[2], c[1]}
		}},
		{name: "no root", rule: RuleChainRoot, blamed: theIntermediate, after: func(_ *mold, c chain) chain {
			return c[:2]
		}},
		{name: "leaf alone", rule: RuleChainRoot, blamed: theLeaf, after: func(_ *mold, c chain) chain {
			return c[:1]
		}},
		{name: "root twice", rule: RuleChainOneRoot, blamed: 3, after: func(_ *mold, c chain) chain {
			return append(c, c[2])
		}},
		{name: "another root at the end", rule: RuleChainOneRoot, blamed: 3, after: func(m *mold, c chain) chain {
			return append(c, unrelated(m.tb)[2])
		}},
		{name: "another root before", rule: RuleChainOneRoot, blamed: 1, after: func(m *mold, c chain) chain {
			return slices.Insert(c, 1, unrelated(m.tb)[2])
		}},
		{name: "an unrelated intermediate", rule: RuleChainRelated, blamed: 2, after: func(m *mold, c chain) chain {
			return slices.Insert(c, 2, unrelated(m.tb)[1])
		}},
		{name: "an unrelated leaf in front", rule: RuleChainRelated, blamed: 0, after: func(m *mold, c chain) chain {
			return slices.Insert(c, 0, unrelated(m.tb)[0])
		}},
		{name: "a cross-certificate", rule: RuleChainRelated, blamed: 2, after: func(m *mold, c chain) chain {
			otherKey := ecKey(m.tb, elliptic.P256())
			cross := mint(m.tb, m.intermediate, cast("other root", 1), m.intermediateKey.Public(), otherKey)
			return slices.Insert(c, 2, cross)
		}},
		{name: "intermediate twice", rule: RuleChainRelated, blamed: 2, after: func(_ *mold, c chain) chain {
			return slices.Insert(c, 1, c[1])
		}},
		{name: "another issuer's name", rule: RuleIssuerName, blamed: theLeaf, alter: func(m *mold) {
			other := *m.intermediate
			other.Subject.CommonName = "other"
			m.parent = &other
		}},
		{name: "another key's signature", rule: RuleSignature, blamed: theLeaf, after: func(m *mold, c chain) chain {
			c[0] = forge(m.tb, c[0], ecKey(m.tb, elliptic.P256()), nil, nil)
			return c
		}},
		{name: "another key's root", rule: RuleSignature, blamed: theRoot, after: func(m *mold, c chain) chain {
			c[2] = forge(m.tb, c[2], ecKey(m.tb, elliptic.P256()), nil, nil)
			return c
		}},
		{name: "SHA-1", rule: RuleSignatureAlgorithm, blamed: theLeaf, alter: func(m *mold) {
			m.leaf.SignatureAlgorithm = x509.ECDSAWithSHA1
		}},
		{name: "MD5", rule: RuleSignatureAlgorithm, blamed: theLeaf, after: func(m *mold, c chain) chain {
			const pkcs1 = "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
			c[0] = parsed(m.tb, bytes.ReplaceAll(c[0].Raw, []byte(pkcs1+"\x0b"), []byte(pkcs1+"\x04")))
			return c
		}, alter: func(m *mold) { m.intermediateKey = rsaKey(m.tb, 2048) }},
		{name: "unknown algorithm", rule: RuleSignatureAlgorithm, blamed: theLeaf, after: func(m *mold, c chain) chain {
			const ecdsaWithSHA2 = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
			c[0] = parsed(m.tb, bytes.ReplaceAll(c[0].Raw, []byte(ecdsaWithSHA2+"\x02"), []byte(ecdsaWithSHA2+"\x63")))
			return c
		}},
	}
}

// unrelated is a chain of other keys under other names.
func unrelated(tb testing.TB) chain {
	tb.Helper()
	m := newMold(tb)
	m.root.Subject.CommonName, m.intermediate.Subject.CommonName = "other root", "other intermediate"
	return m.pour(tb)
}

func brokenCAs() []broken {
	return []broken{
		{name: "no basic constraints", rule: RuleBasicConstraints, blamed: theIntermediate, alter: func(m *mold) {
			m.intermediate.BasicConstraintsValid, m.intermediate.IsCA = false, false
		}},
		{name: "uncritical basic constraints", rule: RuleBasicConstraintsCritical, blamed: theRoot, alter: func(m *mold) {
			m.root.ExtraExtensions = extension(19, false, 0x30, 3, 1, 1, 0xff)
		}, tolerant: true},
		{name: "cA false", rule: RuleCA, blamed: theIntermediate, alter: func(m *mold) {
			m.intermediate.IsCA = false
		}},
		{name: "path length too short", rule: RulePathLength, blamed: theRoot, alter: func(m *mold) {
			asCA(m.root, 0)
		}},
		{name: "no key usage", rule: RuleKeyUsage, blamed: theRoot, alter: func(m *mold) { m.root.KeyUsage = 0 }},
		{name: "uncritical key usage", rule: RuleKeyUsageCritical, blamed: theRoot, alter: func(m *mold) {
			m.root.ExtraExtensions = extension(15, false, 3, 2, 1, 6)
		}},
		{name: "no keyCertSign", rule: RuleCertSign, blamed: theIntermediate, alter: func(m *mold) {
			m.intermediate.KeyUsage = x509.KeyUsageCRLSign
		}},
		{name: "no subject key identifier", rule: RuleSubjectKeyID, blamed: theIntermediate, alter: func(m *mold) {
			m.leaf.AuthorityKeyId = m.intermediate.SubjectKeyId
			m.intermediate.SubjectKeyId, m.intermediate.IsCA = nil, false // or Go would add one
			m.intermediate.ExtraExtensions = extension(19, true, 0x30, 3, 1, 1, 0xff)
		}, tolerant: true},
	}
}

func brokenLeaves() []broken {
	leaf := func(name string, rule Rule, alter func(*mold)) broken {
		return broken{name: name, rule: rule, blamed: theLeaf, alter: alter}
	}
	cases := []broken{
		leaf("no key usage in the leaf", RuleKeyUsage, func(m *mold) { m.leaf.KeyUsage = 0 }),
		leaf("uncritical key usage in the leaf", RuleKeyUsageCritical, func(m *mold) {
			m.leaf.ExtraExtensions = extension(15, false, 3, 2, 7, 0x80)
		}),
		leaf("a signer that is a CA", RuleNoCA, func(m *mold) { m.leaf.IsCA = true }),
		leaf("no digitalSignature", RuleDigitalSignature, func(m *mold) {
			m.leaf.KeyUsage = x509.KeyUsageContentCommitment
		}),
		leaf("RSA of 1024 bits", RuleKeyLength, func(m *mold) { m.leafKey = rsaKey(m.tb, 1024) }),
		leaf("RSA of 2046 bits", RuleKeyLength, func(m *mold) { m.leafKey = rsaKey(m.tb, 2046) }),
		leaf("P-224", RuleKeyLength, func(m *mold) { m.leafKey = ecKey(m.tb, elliptic.P224()) }),
		leaf("RSA of 2304 bits", RuleKeyType, func(m *mold) { m.leafKey = rsaKey(m.tb, 2304) }),
		leaf("Ed25519", RuleKeyType, func(m *mold) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				m.tb.Fatal(err)
			}
			m.leafKey = key
		}),
	}
	cases[5].tolerant = true // notation counts octets
	for usage := x509.KeyUsageKeyEncipherment; usage <= x509.KeyUsageDecipherOnly; usage <<= 1 {
		cases = append(cases, leaf(usage.String(), RuleSignsOnly, func(m *mold) { m.leaf.KeyUsage |= usage }))
	}
	for _, purpose := range []x509.ExtKeyUsage{
		x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth,
		x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageOCSPSigning,
	} {
		c := leaf(purpose.String(), RulePurpose, func(m *mold) {
			m.leaf.ExtKeyUsage = append(m.leaf.ExtKeyUsage, purpose)
		})
		c.tolerant = purpose == x509.ExtKeyUsageAny
		cases = append(cases, c)
	}
	return cases
}

func brokenTimestampers() []broken {
	const purpose = "\x06\x08\x2b\x06\x01\x05\x05\x07\x03"
	const stamping, signing, serving = purpose + "\x08", purpose + "\x03", purpose + "\x01"
	purposes := func(critical bool, oids string) func(*mold) {
		return func(m *mold) {
			m.leaf.ExtraExtensions = extension(37, critical, append([]byte{0x30, byte(len(oids))}, oids...)...)
		}
	}
	return []broken{
		{name: "stamps and signs", rule: RuleTimestampPurpose, alter: purposes(true, stamping+signing)},
		{name: "stamps and serves", rule: RuleTimestampPurpose, alter: purposes(true, stamping+serving)},
		{name: "stamps twice", rule: RuleTimestampPurpose, alter: purposes(true, stamping+stamping)},
		{name: "stamps and does what Go does not know", rule: RuleTimestampPurpose,
			alter: purposes(true, stamping+"\x06\x01\x2a")},
		{name: "stamps uncritically", rule: RuleTimestampCritical, alter: purposes(false, stamping)},
		{name: "stamps with an uncritical key usage", rule: RuleKeyUsageCritical, tolerant: true, alter: func(m *mold) {
			purposes(true, stamping)(m)
			m.leaf.ExtraExtensions = append(m.leaf.ExtraExtensions, extension(15, false, 3, 2, 7, 0x80)...)
		}},
	}
}

// brokenProfiles break RFC 5280 in ways that notation does not look at, but for the version.
func brokenProfiles() []broken {
	cases := []broken{
		{name: "serial zero", rule: RuleSerial, alter: func(m *mold) { m.leaf.SerialNumber = new(big.Int) }},
		{name: "serial of 21 octets", rule: RuleSerial, blamed: theRoot, alter: func(m *mold) {
			m.root.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 159)
		}},
		{name: "ends before it starts", rule: RuleValidity, alter: func(m *mold) {
			m.leaf.NotAfter = m.leaf.NotBefore.Add(-time.Second)
		}},
		{name: "unknown critical extension", rule: RuleCriticalExtension, alter: func(m *mold) {
			m.leaf.ExtraExtensions = extension(99, true, 5, 0)
		}},
		{name: "no authority key identifier", rule: RuleAuthorityKeyID, alter: func(m *mold) {
			nameless := *m.intermediate
			nameless.SubjectKeyId = nil
			m.parent = &nameless
		}},
		{name: "another authority key identifier", rule: RuleAuthorityKeyIDMatch, alter: func(m *mold) {
			other := *m.intermediate
			other.SubjectKeyId = []byte("other")
			m.parent = &other
		}},
		{name: "path length of no CA", rule: RulePathLengthOfNoCA, alter: func(m *mold) {
			m.leaf.ExtraExtensions = extension(19, true, 0x30, 3, 2, 1, 0)
		}},
	}
	for i := range cases {
		cases[i].tolerant = true
	}
	return append(cases, broken{name: "version 1", rule: RuleVersion, after: func(m *mold, c chain) chain {
		c[0] = forge(m.tb, c[0], m.intermediateKey, []byte{0xa0, 3, 2, 1, 2}, []byte{0xa0, 3, 2, 1, 0})
		return c
	}})
}

func (b broken) chain(t *testing.T) []*x509.Certificate {
	m := newMold(t)
	if b.alter != nil {
		b.alter(m)
	}
	chain := m.pour(t)
	if b.after != nil {
		chain = b.after(m, chain)
	}
	return chain
}

func TestBrokenRuleIsNamed(t *testing.T) {
	for _, b := range brokenChains() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			chain := b.chain(t)
			got := Violations(chain)
			if len(got) != 1 || got[0].Rule != b.rule {
				t.Fatalf("violations: %+v, want one of %q", got, b.rule)
			}
			if b.blamed == theWhole && got[0].Cert != nil {
				t.Errorf("blamed %s, want the whole chain", got[0].Cert.Subject)
			}
			if b.blamed != theWhole && got[0].Cert != chain[b.blamed] {
				t.Errorf("blamed another certificate than the one at %d", b.blamed)
			}
			checkText(t, got[0].Text)
			if err := verdict(chain); (err == nil) != b.tolerant {
				t.Errorf("notation says %v, tolerant %t", err, b.tolerant)
			}
		})
	}
}

// verdict is what notation says of a chain.
func verdict(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return corex509.ValidateCodeSigningCertChain(chain, nil)
	}
	return refusedByNotation(chain)
}

func checkText(tb testing.TB, text string) {
	tb.Helper()
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		tb.Errorf("text %q is not one line", text)
	}
}

func TestEveryRuleHasAChainThatBreaksIt(t *testing.T) {
	broken := map[Rule]bool{RuleVerifier: true} // by TestRefusalByNotationIsAViolation
	for _, b := range brokenChains() {
		broken[b.rule] = true
	}
	rules := Rules()
	for _, rule := range rules {
		if !broken[rule] {
			t.Errorf("no chain breaks %q", rule)
		}
	}
	if len(broken) != len(rules) {
		t.Errorf("%d rules are broken, and %d listed", len(broken), len(rules))
	}
}

func TestRefusalByNotationIsAViolation(t *testing.T) {
	chain := newMold(t).pour(t)
	refuse := func([]*x509.Certificate) error { return errors.New("for a reason\n\x1b[2J of its own") }
	got := violations(chain, refuse)
	if len(got) != 1 || got[0].Rule != RuleVerifier || !strings.Contains(got[0].Text, "for a reason") {
		t.Fatalf("violations: %+v", got)
	}
	checkText(t, got[0].Text)
	if got := violations(chain[1:], refuse); len(got) > 0 {
		t.Errorf("a chain of CAs was shown to the verifier of signers: %+v", got)
	}
	if got := violations(chain[:2], refuse); len(got) != 1 || got[0].Rule != RuleChainRoot {
		t.Errorf("a named violation was told twice: %+v", got)
	}
}

func TestSoundChains(t *testing.T) {
	for _, tc := range []struct {
		name  string
		alter func(*mold)
	}{
		{"as it is", func(*mold) {}},
		{"no purpose", func(m *mold) { m.leaf.ExtKeyUsage = nil }},
		{"no basic constraints", func(m *mold) { m.leaf.BasicConstraintsValid = false }},
		{"contentCommitment", func(m *mold) { m.leaf.KeyUsage |= x509.KeyUsageContentCommitment }},
		{"path lengths to the dot", func(m *mold) { asCA(m.root, 1); asCA(m.intermediate, 0) }},
		{"serial of 20 octets", func(m *mold) { m.leaf.SerialNumber.Lsh(big.NewInt(1), 158) }},
		{"expired", func(m *mold) { m.leaf.NotAfter = m.leaf.NotBefore }},
		{"leaf outlives its issuer", func(m *mold) { m.leaf.NotAfter = m.leaf.NotAfter.AddDate(1, 0, 0) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newMold(t)
			tc.alter(m)
			chain := m.pour(t)
			for from := range chain {
				if got := Violations(chain[from:]); len(got) > 0 {
					t.Errorf("from %d on: %+v", from, got)
				}
			}
			if err := refusedByNotation(chain); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAllViolationsAreListed(t *testing.T) {
	m := newMold(t)
	m.leaf.KeyUsage = x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	m.leaf.SerialNumber = new(big.Int)
	m.intermediate.KeyUsage = x509.KeyUsageCRLSign
	asCA(m.root, 0)
	sound, other := newMold(t).pour(t), unrelated(t)
	for _, c := range []struct {
		name  string
		chain chain
		want  []Rule
	}{
		{"in each certificate", m.pour(t),
			[]Rule{RuleSerial, RuleDigitalSignature, RuleSignsOnly, RuleCertSign, RulePathLength}},
		{"no root, wrong order", chain{sound[1], sound[0]}, []Rule{RuleChainOrder, RuleChainRoot}},
		{"two chains mixed", chain{other[0], sound[2], sound[1]},
			[]Rule{RuleIssuerName, RuleChainOneRoot, RuleChainRoot}},
		{"stranger and order", chain{sound[1], other[1], sound[0], sound[2]},
			[]Rule{RuleChainRelated, RuleChainOrder}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []Rule
			for _, violation := range Violations(c.chain) {
				got = append(got, violation.Rule)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("violations %q, want %q", got, c.want)
			}
		})
	}
}

func TestOwnChainsBreakNoRule(t *testing.T) {
	for _, keyType := range ca.KeyTypes() {
		t.Run(string(keyType), func(t *testing.T) {
			t.Parallel()
			key, err := keyType.Generate() // once for all: RSA keys are slow to make
			if err != nil {
				t.Fatal(err)
			}
			for role, chain := range madeWith(t, ca.Options{Key: key}) {
				if got := RoleOf(chain[0]); got != role.Role {
					t.Errorf("%v: role %q", role, got)
				}
				if got := Violations(chain); len(got) > 0 {
					t.Errorf("%v: %+v", role, got)
				}
				if err := refusedByNotation(chain); err != nil && !chain[0].IsCA {
					t.Errorf("%v: %v", role, err)
				}
			}
		})
	}
}

// made tells chains of the same role apart by their length.
type made struct {
	Role
	length int
}

func madeWith(t *testing.T, opts ca.Options) map[made][]*x509.Certificate {
	t.Helper()
	root, err := ca.NewRoot(opts)
	intermediate, err1 := root.Intermediate(opts)
	three, err2 := intermediate.Signer(opts)
	two, err3 := root.Signer(opts)
	one, err4 := ca.SelfSigned(opts)
	stamper, err5 := intermediate.TSA(opts)
	if err := errors.Join(err, err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	return map[made][]*x509.Certificate{
		{RoleRoot, 1}:         root.Chain,
		{RoleIntermediate, 2}: intermediate.Chain,
		{RoleSigner, 3}:       three.Chain,
		{RoleSigner, 2}:       two.Chain,
		{RoleSigner, 1}:       one.Chain,
		{RoleTSA, 3}:          stamper.Chain,
	}
}

func TestRoleOfTLSCertificates(t *testing.T) {
	root, err := ca.NewRoot(ca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range []func(ca.Options) (*ca.Identity, error){root.Server, root.Client, root.Peer} {
		id, err := issue(ca.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := RoleOf(id.Cert); got != RoleOther {
			t.Errorf("%s: role %q", id.Cert.Subject, got)
		}
		if got := Violations(id.Chain); len(got) != 1 || got[0].Rule != RulePurpose {
			t.Errorf("%s: %+v", id.Cert.Subject, got)
		}
	}
}

// TestRulesCoverWhatNotationRefuses throws dice for what the certificates say. RuleVerifier counts as a
// failure: it is for rules that were not thought of.
func TestRulesCoverWhatNotationRefuses(t *testing.T) {
	refused := 0
	for seed := range uint64(600) {
		chain := diced(t, mathrand.New(mathrand.NewPCG(seed, 0)))
		if !leafLike(chain[0]) {
			continue
		}
		err := refusedByNotation(chain)
		got := Violations(chain)
		if err != nil {
			refused++
		}
		if err != nil && (len(got) == 0 || got[0].Rule == RuleVerifier) {
			t.Errorf("seed %d: notation says %v, and violations are %+v", seed, err, got)
		}
	}
	if refused < 100 || refused > 590 {
		t.Errorf("%d of 600 refused: the dice are loaded", refused)
	}
}

// diced is a chain of one, two or three, mostly sound.
func diced(t *testing.T, dice *mathrand.Rand) []*x509.Certificate {
	m := newMold(t)
	for _, cert := range []*x509.Certificate{m.leaf, m.intermediate, m.root} {
		if dice.IntN(3) == 0 {
			cert.KeyUsage ^= 1 << dice.IntN(9)
		}
		if dice.IntN(4) == 0 {
			cert.ExtKeyUsage = append(cert.ExtKeyUsage, x509.ExtKeyUsage(dice.IntN(12)))
		}
		if dice.IntN(12) == 0 {
			cert.IsCA = !cert.IsCA
		}
		if dice.IntN(12) == 0 {
			cert.BasicConstraintsValid = !cert.BasicConstraintsValid
		}
		if cert.IsCA && dice.IntN(3) == 0 {
			asCA(cert, dice.IntN(3))
		}
	}
	if dice.IntN(4) == 0 {
		m.leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	}
	if dice.IntN(4) == 0 {
		return []*x509.Certificate{mint(t, m.leaf, m.leaf, m.leafKey.Public(), m.leafKey)}
	}
	chain := m.pour(t)
	if dice.IntN(8) == 0 {
		dice.Shuffle(3, func(i, j int) { chain[i], chain[j] = chain[j], chain[i] })
	}
	return chain[:3-dice.IntN(16)/15]
}

// FuzzViolations reads one or more certificates as DER, one after the other: a chain.
func FuzzViolations(f *testing.F) {
	chain := newMold(f).pour(f)
	f.Add(chain[0].Raw)
	f.Add(chain[2].Raw)
	f.Add(slices.Concat(chain[0].Raw, chain[1].Raw, chain[2].Raw))
	f.Add(slices.Concat(chain[2].Raw, chain[2].Raw))
	rules := Rules()
	f.Fuzz(func(t *testing.T, der []byte) {
		chain, err := x509.ParseCertificates(der)
		if err != nil || len(chain) > 8 {
			return
		}
		got := Violations(chain)
		for _, violation := range got {
			checkText(t, violation.Text)
			if !slices.Contains(rules, violation.Rule) {
				t.Errorf("unlisted rule %q", violation.Rule)
			}
		}
		if len(got) == 0 && leafLike(chain[0]) && refusedByNotation(chain) != nil {
			t.Error("passed what notation refuses")
		}
		for _, cert := range chain {
			for _, line := range Warnings(cert) {
				checkText(t, line)
			}
		}
		for _, line := range ChainWarnings(chain) {
			checkText(t, line)
		}
	})
}
