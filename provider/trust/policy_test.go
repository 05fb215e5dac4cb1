package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
)

type override = map[trustpolicy.ValidationType]trustpolicy.ValidationAction

// withLevel is a good statement at another level.
func withLevel(level string, o override) trustpolicy.TrustPolicy {
	s := statement("skao", "harbor.skao.int/*")
	s.SignatureVerification.VerificationLevel, s.SignatureVerification.Override = level, o
	return s
}

func TestLevelsThatLetUntrustedImagesInAreRefused(t *testing.T) {
	skip := withLevel("skip", nil)
	skip.TrustStores, skip.TrustedIdentities = nil, nil // else notation itself refuses it
	for _, c := range []struct {
		statement trustpolicy.TrustPolicy
		want      string
	}{
		{skip, `statement "skao": level "skip" would admit unsigned images; use strict, or permissive`},
		{withLevel("audit", nil), `statement "skao": level "audit" would admit unsigned images; use strict, or permissive`},
		{withLevel("audit", override{"authenticity": "enforce"}), `level "audit"`},
		{withLevel("strict", override{"authenticity": "log"}), `override authenticity: "log" would admit images that no trusted key signed; leave it enforced`},
		{withLevel("permissive", override{"authenticity": "log"}), `override authenticity: "log"`},
		{withLevel("strict", override{"authenticity": "skip"}), `"authenticity" verification can not be skipped`},
		{withLevel("strict", override{"integrity": "log"}), `"integrity" verification can not be overridden`},
		{withLevel("strict", override{"integrity": "skip"}), `"integrity" verification can not be overridden`},
		{withLevel("skip", override{"authenticity": "enforce"}), `level "skip" would admit unsigned images`},
		{withLevel("", nil), "level is empty or missing"},
		{withLevel("Strict", nil), `level "Strict" is not known; did you mean "strict"?`},
		{withLevel("custom", nil), `level "custom" is not known; write one of strict, permissive`},
		{withLevel("strict", override{"everything": "log"}), `override of "everything" is not known; write one of integrity, authenticity`},
	} {
		f := newFiles(t)
		f.policy(c.statement)
		f.refused(c.want)
	}
}

func TestLevelsThatEnforceTrustAreTaken(t *testing.T) {
	const integrity, authenticity, timestamp, expiry, revocation = trustpolicy.TypeIntegrity, trustpolicy.TypeAuthenticity,
		trustpolicy.TypeAuthenticTimestamp, trustpolicy.TypeExpiry, trustpolicy.TypeRevocation
	for _, c := range []struct {
		level    string
		override override
		name     string
		enforced []trustpolicy.ValidationType
	}{
		{"strict", nil, "strict", []trustpolicy.ValidationType{integrity, authenticity, timestamp, expiry, revocation}},
		{"permissive", nil, "permissive", []trustpolicy.ValidationType{integrity, authenticity}},
		{"strict", override{"revocation": "skip"}, "custom", []trustpolicy.ValidationType{integrity, authenticity, timestamp, expiry}},
		{"strict", override{"revocation": "log", "expiry": "log"}, "custom", []trustpolicy.ValidationType{integrity, authenticity, timestamp}},
		{"permissive", override{"expiry": "enforce"}, "custom", []trustpolicy.ValidationType{integrity, authenticity, expiry}},
		{"permissive", override{"authenticity": "enforce", "authenticTimestamp": "enforce"}, "custom", []trustpolicy.ValidationType{integrity, authenticity, timestamp}},
	} {
		f := newFiles(t)
		f.policy(withLevel(c.level, c.override))
		p := only(t, f.load())
		if p.Level() != c.name {
			t.Errorf("%s %v: level %q, want %q", c.level, c.override, p.Level(), c.name)
		}
		for _, check := range trustpolicy.ValidationTypes {
			if want := slices.Contains(c.enforced, check); p.Enforces(check) != want {
				t.Errorf("%s %v: enforces %s: %v, want %v", c.level, c.override, check, !want, want)
			}
		}
	}
}

// The policy is one document that notation takes and that covers everything.
func TestThePolicyDocumentIsValidForNotation(t *testing.T) {
	f := newFiles(t)
	s := withLevel("strict", override{"revocation": "skip"})
	s.SignatureVerification.VerifyTimestamp = trustpolicy.OptionAlways
	f.policy(s, statement("other", "*"))
	p, _ := f.load().Find("harbor.skao.int/x")
	doc := p.Document()
	if err := doc.Validate(); err != nil {
		t.Fatal(err)
	}
	found, err := doc.GetApplicableTrustPolicy("any.example.org/thing@sha256:" + zeros)
	if err != nil {
		t.Fatal(err)
	}
	if found.Name != "skao" || found.SignatureVerification.VerifyTimestamp != "always" || found.SignatureVerification.Override["revocation"] != "skip" {
		t.Errorf("got %+v", found)
	}
	if got := p.Scopes(); !slices.Equal(got, []string{"harbor.skao.int/*"}) {
		t.Errorf("the policy lost its scopes: %q", got)
	}
}

func TestAPolicyHoldsTheCertificatesOfItsOwnStoresOnly(t *testing.T) {
	f := newFiles(t)
	f.store("ca:other", "root.pem", stranger().root)
	f.store("tsa:stamps", "root.pem", stranger().root)
	one, two := statement("one", "a.io/*"), statement("two", "b.io/*")
	one.TrustStores, two.TrustStores = []string{"ca:skao", "tsa:stamps"}, []string{"ca:other"}
	f.policy(one, two)
	s := f.load()
	p, _ := s.Find("a.io/x")
	got, err := p.GetCertificates(t.Context(), truststore.TypeCA, "skao")
	if err != nil || len(got) != 1 || !got[0].Equal(skao().root) {
		t.Errorf("got %v %v", got, err)
	}
	if got, err := p.GetCertificates(t.Context(), truststore.TypeTSA, "stamps"); err != nil || len(got) != 1 {
		t.Errorf("got %v %v", got, err)
	}
	for _, name := range []string{"other", "stamps", ""} {
		if got, err := p.GetCertificates(t.Context(), truststore.TypeCA, name); err == nil || got != nil {
			t.Errorf("ca:%s: got %v of another policy, or of none", name, got)
		}
	}
	if !p.Trusts(ca.Thumbprint(skao().root)) {
		t.Error("the root in its ca store is no anchor")
	}
	if p.Trusts(ca.Thumbprint(stranger().root)) {
		t.Error("a certificate that is trusted for timestamps, and for signatures under another policy, is an anchor for signatures")
	}
	if all := s.Certificates(); len(all) != 3 {
		t.Errorf("%d certificates in all, want 3", len(all))
	}
}

func TestACertificateInAStoreOfTwoPoliciesIsListedOnce(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("one", "a.io/*"), statement("two", "b.io/*"))
	all := f.load().Certificates()
	if len(all) != 1 || all[0].Store != "ca:skao" || all[0].File != "root.pem" || !all[0].Equal(skao().root) {
		t.Errorf("got %+v", all)
	}
}

func TestFingerprintsChangeWithAllThatAVerdictDependsOn(t *testing.T) {
	f := newFiles(t)
	f.store("ca:wide", "1.pem", skao().root)
	f.store("ca:wide", "2.pem", stranger().root)
	f.store("tsa:stamps", "3.pem", skao().root)
	f.store("ca:narrow", "1.pem", skao().root)
	f.store("tsa:wide", "2.pem", stranger().root)
	f.store("tsa:wide", "3.pem", skao().root)
	load := func(change func(*trustpolicy.TrustPolicy)) string {
		t.Helper()
		s := statement("skao", "a.io/*")
		change(&s)
		f.policy(s)
		return only(t, f.load()).Fingerprint()
	}
	seen := map[string]string{}
	for _, tc := range []struct {
		name   string
		change func(*trustpolicy.TrustPolicy)
	}{
		{"nothing", func(*trustpolicy.TrustPolicy) {}},
		{"name", func(s *trustpolicy.TrustPolicy) { s.Name = "other" }},
		{"level", func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerificationLevel = "permissive" }},
		{"override", func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.Override = override{"expiry": "log"} }},
		{"verifyTimestamp", func(s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerifyTimestamp = "always" }},
		{"identities", func(s *trustpolicy.TrustPolicy) {
			s.TrustedIdentities = []string{"x509.subject: C=GB,ST=England,O=SKAO"}
		}},
		{"more stores", func(s *trustpolicy.TrustPolicy) { s.TrustStores = []string{"ca:skao", "tsa:stamps"} }},
		{"other store", func(s *trustpolicy.TrustPolicy) { s.TrustStores = []string{"ca:narrow"} }},
	} {
		fingerprint := load(tc.change)
		if other, ok := seen[fingerprint]; ok {
			t.Errorf("%s and %s have one fingerprint", tc.name, other)
		}
		seen[fingerprint] = tc.name
		if load(tc.change) != fingerprint {
			t.Errorf("%s: the fingerprint changes from one loading to the next", tc.name)
		}
	}
	if seen[load(func(s *trustpolicy.TrustPolicy) { s.RegistryScopes = []string{"b.io/x"} })] != "nothing" {
		t.Error("the fingerprint changes with the scopes, so that verdicts are lost for nothing")
	}
}

func TestFingerprintsChangeWithTheCertificates(t *testing.T) {
	f := newFiles(t)
	s := statement("skao", "a.io/*")
	s.TrustStores = []string{"ca:skao", "tsa:stamps"}
	f.policy(s)
	f.store("ca:skao", "second.pem", stranger().root)
	f.store("tsa:stamps", "third.pem", rootWithEmail(t))
	fingerprint := func() string { t.Helper(); return only(t, f.load()).Fingerprint() }

	both := fingerprint()
	f.remove(f.path("ca:skao", "second.pem"))
	less := fingerprint()
	if less == both {
		t.Error("a certificate that is gone leaves the fingerprint as it was")
	}
	// All certificates in the order in which they were before, and one of them
	// now trusted for timestamps only.
	f.store("tsa:stamps", "second.pem", stranger().root)
	if moved := fingerprint(); moved == both || moved == less {
		t.Error("a certificate that moved from the ca store to the tsa store leaves the fingerprint as it was")
	}
	f.remove(f.path("tsa:stamps", "second.pem"))
	f.store("ca:skao", "root.pem", stranger().root)
	if fingerprint() == less {
		t.Error("a certificate that was replaced leaves the fingerprint as it was")
	}
}

func TestWhatIsHandedOutCannotChangeTheSnapshot(t *testing.T) {
	f := newFiles(t)
	f.policy(statement("skao", "a.io/*"))
	s := f.load()
	p := only(t, s)
	p.Scopes()[0], p.Identities()[0], s.Policies()[0] = "evil", "evil", (*trust.Policy)(nil)
	p.Document().TrustPolicies[0].RegistryScopes[0] = "evil"
	got, _ := p.GetCertificates(t.Context(), truststore.TypeCA, "skao")
	got[0] = stranger().root
	again, _ := p.GetCertificates(t.Context(), truststore.TypeCA, "skao")
	if p.Scopes()[0] != "a.io/*" || p.Identities()[0] != "*" || s.Policies()[0] != p || !again[0].Equal(skao().root) || p.Document().TrustPolicies[0].RegistryScopes[0] != "*" {
		t.Error("a caller changed the snapshot")
	}
}

func TestADocumentThatIsNotOneIsRefused(t *testing.T) {
	const good = `{"name":"a","registryScopes":["*"],"signatureVerification":{"level":"strict"},"trustStores":["ca:skao"],"trustedIdentities":["*"]}`
	for _, tc := range []struct{ text, want string }{
		{"", "not a trust policy in JSON"},
		{"null", `version "" is not supported; it must be "1.0"`},
		{"[]", "not a trust policy in JSON"},
		{"version: 1.0", "not a trust policy in JSON"},
		{"{}", `version "" is not supported`},
		{`{"version":"1.0"}`, "no trustPolicies"},
		{`{"version":"2.0"}`, `version "2.0" is not supported`},
		{`{"version":1.0}`, "not a trust policy in JSON"},
		{doc(good)[:40], "not a trust policy in JSON"},
		{doc(good) + doc(good), "not a trust policy in JSON"},
		{doc(good) + "}", "not a trust policy in JSON"},
		{doc(good) + "]", "not a trust policy in JSON"},
		{doc(good) + "x", "not a trust policy in JSON"},
		{strings.Replace(doc(good), `["*"]`, `"*"`, 1), "not a trust policy in JSON"},
	} {
		f := newFiles(t)
		f.write(f.policyFile(), []byte(tc.text))
		f.refused(tc.want, f.policyFile())
	}
	f := newFiles(t)
	f.refused("trust policy: ", f.policyFile(), "no such file")
	f.write(f.policyFile(), []byte(doc(good)+"\n"))
	f.load()
}

func doc(statement string) string { return `{"version":"1.0","trustPolicies":[` + statement + `]}` }
