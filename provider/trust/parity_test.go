package trust_test

import (
	"fmt"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

// change is one way in which a statement differs from a good one.
type change func(*trustpolicy.TrustPolicy)

// changes are ways in which statements differ, one field a row.
func changes() [][]change {
	level := func(l string) change {
		return func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerificationLevel = l }
	}
	overridden := func(o override) change {
		return func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.Override = o }
	}
	stamps := func(o trustpolicy.TimestampOption) change {
		return func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerifyTimestamp = o }
	}
	stores := func(all ...string) change { return func(s *trustpolicy.TrustPolicy) { s.TrustStores = all } }
	identities := func(all ...string) change { return func(s *trustpolicy.TrustPolicy) { s.TrustedIdentities = all } }
	scopes := func(all ...string) change { return func(s *trustpolicy.TrustPolicy) { s.RegistryScopes = all } }
	const dn = "x509.subject: C=GB,ST=England,O=SKAO"
	return [][]change{
		{level("strict"), level("permissive"), level("audit"), level("skip"), level(""), level("STRICT"), level("custom")},
		{
			overridden(override{}), overridden(override{"revocation": "skip"}), overridden(override{"expiry": "log", "authenticTimestamp": "log"}),
			overridden(override{"authenticity": "enforce"}), overridden(override{"authenticity": "log"}), overridden(override{"authenticity": "skip"}),
			overridden(override{"integrity": "enforce"}), overridden(override{"expiry": "skip"}), overridden(override{"expiry": "never"}), overridden(override{"luck": "log"}),
		},
		{stamps(""), stamps("always"), stamps("afterCertExpiry"), stamps("never")},
		{
			stores(), stores("ca:skao"), stores("ca:skao", "tsa:skao", "signingAuthority:skao"), stores("ca:skao", "ca:skao"), stores("tsa:skao"),
			stores("skao"), stores("CA:skao"), stores("ca:"), stores("ca:../ca"), stores("ca:ska o"), stores("ca:skao:more"), stores(""),
		},
		{
			identities(), identities("*"), identities(dn), identities(dn+",CN=a", dn+",CN=b"), identities("*", dn), identities(dn, dn+",CN=a"),
			identities(""), identities("SKAO"), identities("x509.subject:"), identities("x509.subject: C=GB"), identities(dn + ",1.2.3=#0401"), identities("did:skao"), identities(dn + ",O=x"),
		},
		{
			scopes(), scopes("*"), scopes("harbor.skao.int/x"), scopes("harbor.skao.int:8443/x", "localhost:5000/a/b"), scopes("*", "harbor.skao.int/x"),
			scopes("harbor.skao.int/x", "harbor.skao.int/x"), scopes("harbor.skao.int"), scopes(""), scopes("harbor.skao.int/X"), scopes("harbor.skao.int/x*"), scopes("https://harbor.skao.int/x"),
		},
		{func(*trustpolicy.TrustPolicy) {}, func(s *trustpolicy.TrustPolicy) { s.Name = "" }, func(s *trustpolicy.TrustPolicy) { s.Name = "other" }},
	}
}

// A trust policy loads here exactly if notation takes it and it enforces trust.
func TestPolicyParityWithNotation(t *testing.T) {
	f := newFiles(t)
	f.store("tsa:skao", "root.pem", skao().root)
	f.store("signingAuthority:skao", "root.pem", skao().root)
	var taken, refused int
	try := func(one, other change) {
		s := statement("skao", "harbor.skao.int/x")
		one(&s)
		other(&s)
		doc := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{s, statement("other", "docker.io/library/postgres")}}
		f.policy(doc.TrustPolicies...)
		_, err := trust.Load(f.policyFile(), f.storeDir())
		notation := doc.Validate()
		if want := notation == nil && enforcesTrust(s.SignatureVerification); (err == nil) != want {
			t.Errorf("%+v\nnotation says %v, we say %v", s, notation, err)
		}
		if err == nil {
			taken++
		} else {
			refused++
		}
	}
	fields := changes()
	for i, field := range fields {
		for _, others := range fields[i+1:] {
			for _, one := range field {
				for _, other := range others {
					try(one, other)
				}
			}
		}
	}
	if taken < 100 || refused < 100 {
		t.Errorf("%d taken and %d refused: the cases are one-sided", taken, refused)
	}
}

// enforcesTrust is the difference that there is meant to be, written down once more.
func enforcesTrust(v trustpolicy.SignatureVerification) bool {
	return (v.VerificationLevel == "strict" || v.VerificationLevel == "permissive") && v.Override["authenticity"] != "log"
}

// Scopes that notation takes and that no image has are the only other difference.
func TestScopeParityWithNotation(t *testing.T) {
	for _, tc := range []struct {
		scope string
		here  bool
	}{
		{"harbor.skao.int/x", true},
		{"docker.io/library/postgres", true},
		{"docker.io/postgres", false},
		{"bitnami/postgres", false},
		{"Harbor.skao.int/x", false},
		{"harbor.skao.int:443/x", false},
	} {
		t.Run(fmt.Sprintf("%q", tc.scope), func(t *testing.T) {
			f := newFiles(t)
			s := statement("skao", tc.scope)
			if err := (&trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{s}}).Validate(); err != nil {
				t.Fatal(err)
			}
			f.policy(s)
			if tc.here {
				f.load()
			} else {
				f.refused("is never matched")
			}
		})
	}
}
