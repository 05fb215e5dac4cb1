package rules_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/result"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca/rules"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// attribute is one part of a name, on its own in the certificate.
func attribute(value string, arcs ...int) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: arcs, Value: value}
}

func country() pkix.AttributeTypeAndValue      { return attribute("GB", 2, 5, 4, 6) }
func state() pkix.AttributeTypeAndValue        { return attribute("England", 2, 5, 4, 8) }
func organization() pkix.AttributeTypeAndValue { return attribute("SKAO", 2, 5, 4, 10) }
func unit(name string) pkix.AttributeTypeAndValue {
	return attribute(name, 2, 5, 4, 11)
}

func commonName(name string) pkix.AttributeTypeAndValue { return attribute(name, 2, 5, 4, 3) }

// complete is a name that notation can compare, and whatever comes on top.
func complete(more ...pkix.AttributeTypeAndValue) pkix.RDNSequence {
	var name pkix.RDNSequence
	for _, part := range append([]pkix.AttributeTypeAndValue{country(), state(), organization()}, more...) {
		name = append(name, []pkix.AttributeTypeAndValue{part})
	}
	return name
}

// signerNamed is a certificate issued to a name, with nothing else about it to warn of.
func signerNamed(tb testing.TB, name pkix.RDNSequence) *x509.Certificate {
	tb.Helper()
	return crafted(tb, ca.ECP256, func(c *x509.Certificate) { c.RawSubject = expect.Must(asn1.Marshal(name))(tb) })
}

// crafted is a signer that nothing is to be said of, altered. Its issuer is no more than a name.
func crafted(tb testing.TB, keyType ca.KeyType, alter func(*x509.Certificate)) *x509.Certificate {
	tb.Helper()
	return withKey(tb, expect.Must(keyType.Generate())(tb), alter)
}

func withKey(tb testing.TB, key crypto.Signer, alter func(*x509.Certificate)) *x509.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject: pkix.Name{
			Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, CommonName: "signer",
		},
		NotBefore:             time.Now(),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		CRLDistributionPoints: []string{"http://crl.example"},
		BasicConstraintsValid: true,
		MaxPathLen:            -1,
	}
	alter(template)
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "issuer"}}
	der := expect.Must(x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key))(tb)
	return expect.Must(x509.ParseCertificate(der))(tb)
}

// identityRefused is what notation says of the name as a trusted identity. It reads the names of signers the same way.
func identityRefused(cert *x509.Certificate) error {
	document := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
		Name:                  "a",
		RegistryScopes:        []string{"*"},
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		TrustStores:           []string{"ca:a"},
		TrustedIdentities:     []string{ca.TrustedIdentity(cert)},
	}}}
	return document.Validate()
}

// TestWarningsOnNames asks notation each time whether it is true.
func TestWarningsOnNames(t *testing.T) {
	email := attribute("a@example.org", 1, 2, 840, 113549, 1, 9, 1)
	for _, c := range []struct {
		name    string
		subject pkix.RDNSequence
		says    []string // one for each line
		refused bool
	}{
		{"complete", complete(commonName("signer"), unit("a")), nil, false},
		{"awkward characters", complete(commonName(`#a+b,c;"d"=<e>\ `)), nil, false},
		{"empty", nil, []string{"lacks C, ST, O"}, true},
		{"no state", pkix.RDNSequence{{country()}, {organization()}}, []string{"lacks ST,"}, true},
		{"empty state", pkix.RDNSequence{{country()}, {attribute("", 2, 5, 4, 8)}, {organization()}},
			[]string{"lacks ST,"}, true},
		{"emailAddress", complete(email), []string{"emailAddress"}, true},
		{"domain component", complete(attribute("org", 0, 9, 2342, 19200300, 100, 1, 25)),
			[]string{"0.9.2342.19200300.100.1.25=#"}, true},
		{"=# in a value", complete(commonName("a=#b")), []string{`"CN=a=#b"`}, true},
		{"two units", complete(unit("a"), unit("b")), []string{"OU 2 times"}, true},
		{"three organizations", complete(organization(), organization()), []string{"O 3 times"}, true},
		{"two common names", complete(commonName("a"), commonName("b")), []string{"CN more than once"}, false},
		{"joined", append(complete(), []pkix.AttributeTypeAndValue{commonName("a"), unit("b")}),
			[]string{"joins"}, false},
		{
			"all at once",
			pkix.RDNSequence{{country()}, {unit("a"), unit("b")}, {email}},
			[]string{"emailAddress", "lacks ST, O,", "OU 2 times", "joins"}, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := signerNamed(t, c.subject)
			checkWarnings(t, rules.Warnings(cert), c.says...)
			if err := identityRefused(cert); (err != nil) != c.refused {
				t.Errorf("notation says %v of %q", err, cert.Subject)
			}
		})
	}
}

// TestEachRefusedNameHasAWarning throws dice for names, and cries wolf as little as it stays silent.
func TestEachRefusedNameHasAWarning(t *testing.T) {
	refused, dice := 0, mathrand.New(mathrand.NewPCG(1, 2))
	for range 300 {
		name := complete()
		for range dice.IntN(4) {
			name = append(name, []pkix.AttributeTypeAndValue{attribute(awkward(dice), 2, 5, 4, dice.IntN(18))})
		}
		if dice.IntN(4) == 0 {
			name = name[dice.IntN(2):]
		}
		cert := signerNamed(t, name)
		err, warnings := identityRefused(cert), rules.Warnings(cert)
		if err != nil {
			refused++
		}
		if warned := strings.Contains(fmt.Sprint(warnings), `only the trusted identity "*" matches`); warned != (err != nil) {
			t.Errorf("warnings on %q is %q, and notation says %v", cert.Subject, warnings, err)
		}
	}
	if refused < 50 || refused > 290 {
		t.Errorf("%d of 300 refused: the dice are loaded", refused)
	}
}

func awkward(dice *mathrand.Rand) string {
	var value strings.Builder
	for range 1 + dice.IntN(6) {
		value.WriteString([]string{"a", "#", "=", " ", "\\", ",", "+", ";", "\"", "<", "\n", "é", "\x00"}[dice.IntN(13)])
	}
	return value.String()
}

// checkWarnings wants a line for each of the words, and no more lines.
func checkWarnings(t *testing.T, got []string, words ...string) {
	t.Helper()
	if len(got) != len(words) {
		t.Fatalf("warnings %q, want %d lines: %q", got, len(words), words)
	}
	for i, line := range got {
		if !strings.Contains(line, words[i]) || strings.Contains(line, "\n") {
			t.Errorf("warnings %q, want %q in it", line, words[i])
		}
	}
}

func makeCA(c *x509.Certificate) *x509.Certificate {
	c.IsCA, c.ExtKeyUsage = true, nil
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return c
}

func TestWarningsOnCertificates(t *testing.T) {
	type cert = *x509.Certificate
	const stamping, serving = x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth
	for _, c := range []struct {
		name  string
		alter func(cert)
		says  []string
	}{
		{"signer", func(cert) {}, nil},
		{"no purpose", func(c cert) { c.ExtKeyUsage = nil }, []string{"no extended key usage"}},
		{"anchor", func(c cert) { c.Subject = pkix.Name{CommonName: "issuer"} }, []string{"lacks C", "its own issuer"}},

		{"CA", func(c cert) { makeCA(c) }, nil},
		{"CA without cRLSign", func(c cert) { makeCA(c).KeyUsage = x509.KeyUsageCertSign }, []string{"lacks cRLSign"}},
		{"CA without URLs", func(c cert) { makeCA(c).CRLDistributionPoints = nil }, []string{"no CRL URL"}},
		{"timestamp authority", func(c cert) { c.ExtKeyUsage[0], c.Subject.Country = stamping, nil }, nil},
		{"timestamps forever", func(c cert) { c.ExtKeyUsage[0], c.CRLDistributionPoints = stamping, nil },
			[]string{"no CRL URL"}},
		{"TLS server", func(c cert) { c.ExtKeyUsage[0], c.CRLDistributionPoints = serving, nil }, nil},

		{"no URLs", func(c cert) { c.CRLDistributionPoints = nil }, []string{"no CRL URL and no OCSP URL"}},
		{"OCSP alone", func(c cert) { c.CRLDistributionPoints, c.OCSPServer = nil, []string{"HTTP://o"} },
			nil},
		{"CRL over https", func(c cert) { c.CRLDistributionPoints = []string{"http://c", "https://c"} },
			[]string{`CRL URL "https://c"`}},
		{"CRL over LDAP", func(c cert) { c.CRLDistributionPoints = []string{"ldap:///c\n"} },
			[]string{`CRL URL "ldap:///c\n"`}},
		{"OCSP and no URL", func(c cert) { c.OCSPServer = []string{"https://o", "http://[", "http://o"} },
			[]string{`OCSP URL "https://o" is not http://`, `OCSP URL "http://[" cannot be read`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := crafted(t, ca.ECP256, c.alter)
			checkWarnings(t, rules.Warnings(cert), c.says...)
			checkWarnings(t, rules.Warnings(cert), c.says...) // as the first time: it alters nothing
		})
	}
}

func TestWarningsOnKeysOfCAs(t *testing.T) {
	small := expect.Must(rsa.GenerateKey(rand.Reader, 1024))(t)
	usual := expect.Must(ca.RSA2048.Generate())(t)
	narrow := expect.Must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))(t)
	wide := expect.Must(ca.ECP256.Generate())(t)
	for _, c := range []struct {
		key   crypto.Signer
		years int
		says  []string
	}{
		{small, 1, []string{"1024 bits"}},
		{usual, 19, nil},
		{usual, 30, []string{"to last 30 years"}},
		{narrow, 1, []string{"224 bits"}},
		{wide, 99, nil},
	} {
		t.Run(fmt.Sprintf("%T for %d years", c.key, c.years), func(t *testing.T) {
			cert := withKey(t, c.key, func(issuer *x509.Certificate) {
				makeCA(issuer).NotAfter = issuer.NotBefore.AddDate(c.years, 0, 0)
			})
			checkWarnings(t, rules.Warnings(cert), c.says...)
		})
	}
}

func TestOwnCertificatesHaveNoWarnings(t *testing.T) {
	at := ca.Options{CRLURLs: []string{"http://crl.example"}}
	root := expect.Must(ca.NewRoot(at))(t)
	intermediate := expect.Must(root.Intermediate(at))(t)
	stamper := expect.Must(intermediate.TSA(at))(t)
	signer := expect.Must(intermediate.Signer(at))(t)
	for _, cert := range append(signer.Chain, stamper.Cert) {
		checkWarnings(t, rules.Warnings(cert))
	}
	checkWarnings(t, rules.ChainWarnings(signer.Chain))
	checkWarnings(t, rules.Warnings(expect.Must(intermediate.Signer(ca.Options{}))(t).Cert), "no CRL URL")
}

func TestCertificateThatOutlivesItsIssuer(t *testing.T) {
	root := expect.Must(ca.NewRoot(ca.Options{NotAfter: time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)}))(t)
	late := expect.Must(root.Signer(ca.Options{NotAfter: time.Date(2126, 1, 2, 0, 0, 0, 0, time.UTC)}))(t)
	checkWarnings(t, rules.ChainWarnings(late.Chain), `ends on 2126-01-02, after its issuer, on 2126-01-01`)
	checkWarnings(t, rules.ChainWarnings(nil))
}

// TestNotationFollowsURLs compares the warnings on revocation with notation's own code. No request is made.
func TestNotationFollowsURLs(t *testing.T) {
	root := expect.Must(ca.NewRoot(ca.Options{}))(t)
	for _, c := range []struct {
		name string
		opts ca.Options
		want result.Result
	}{
		{"no URL", ca.Options{}, result.ResultNonRevokable},
		{"CRL over https", ca.Options{CRLURLs: []string{"https://127.0.0.1:1"}}, result.ResultUnknown},
		{"OCSP https", ca.Options{OCSPURLs: []string{"https://127.0.0.1:1"}}, result.ResultUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			signer := expect.Must(root.Signer(c.opts))(t)
			validator := expect.Must(revocation.NewWithOptions(revocation.Options{}))(t)
			got := expect.Must(validator.ValidateContext(t.Context(),
				revocation.ValidateContextOptions{CertChain: signer.Chain}))(t)
			if got[0].Result != c.want {
				t.Errorf("%s, want %s", got[0].Result, c.want)
			}
			if len(rules.Warnings(signer.Cert)) != 1 {
				t.Errorf("warnings %q, want a line", rules.Warnings(signer.Cert))
			}
		})
	}
}
