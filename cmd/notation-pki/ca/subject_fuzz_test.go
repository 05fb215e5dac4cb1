package ca_test

import (
	"crypto/x509/pkix"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// FuzzParseSubject holds what is certified to notation's own reading of it.
func FuzzParseSubject(f *testing.F) {
	for _, text := range []string{
		"C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer",
		`C=GB,ST=England,O=Acme\, Inc.,CN=a\+b\=c`,
		`C=GB,ST=England,O=SKAO,CN=\#a`,
		`C=GB,ST=England,O=SKAO,CN=a=\#b`,
		`C=GB,ST=England,O=SKAO,CN=\20a\20`,
		"C=GB,S=England,O=SKAO,OU=a,L=b,STREET=c,CN=d,E=a@b.c",
		`/C=GB/ST=England/O=A\/C, "D"/CN=x`,
		`C=GB,ST=England,O="Acme, \"Inc.\"",CN=x`,
		"C=#1302,ST=#0C0161,O=x,CN=y",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		subject, err := ca.ParseSubject(text)
		if err != nil {
			return
		}
		identity := "x509.subject: " + subject.Name.String()
		policy := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
			Name: "a", RegistryScopes: []string{"*"}, TrustStores: []string{"ca:a"}, TrustedIdentities: []string{identity},
			SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
		}}}
		if err := policy.Validate(); err != nil {
			t.Errorf("%q is taken, and notation refuses %q: %v", text, identity, err)
		}
		sequence := subject.Name.ToRDNSequence()
		var name pkix.Name
		name.FillFromRDNSequence(&sequence)
		again, err := ca.SubjectOf(name)
		if err != nil || again.Name.String() != subject.Name.String() {
			t.Errorf("%q is taken, and then not: %q, %v", text, again.Name, err)
		}
	})
}
