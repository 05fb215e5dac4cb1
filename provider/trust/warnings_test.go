package trust_test

import (
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"
)

// quiet is a statement with nothing to warn of, once tsa:stamps is there.
func quiet(f files) trustpolicy.TrustPolicy {
	f.Helper()
	f.store("tsa:stamps", "root.pem", stranger().root)
	s := statement("skao", "harbor.skao.int/*")
	s.TrustStores = []string{"ca:skao", "tsa:stamps"}
	s.TrustedIdentities = []string{"x509.subject: C=GB,ST=England,O=SKAO,CN=SKAO OCI Signer"}
	return s
}

func TestWhatIsAllowedAndWillBiteIsWarnedOf(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		change func(files, *trustpolicy.TrustPolicy)
		want   []string
	}{
		"nothing": {func(files, *trustpolicy.TrustPolicy) {}, nil},
		"no tsa store": {func(_ files, s *trustpolicy.TrustPolicy) { s.TrustStores = []string{"ca:skao"} },
			[]string{`policy "skao": no tsa trust store: every image stops verifying when its signing certificate expires`}},
		"a signing authority needs no tsa": {func(f files, s *trustpolicy.TrustPolicy) {
			f.store("signingAuthority:skao", "root.pem", skao().root)
			s.TrustStores = []string{"signingAuthority:skao"}
		}, nil},
		"leaf only": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", selfSigned(f.TB.(*testing.T)))
		},
			[]string{`ca:skao trusts the signing certificate "CN=SKAO Self-Signed Signer,`}},
		"intermediate only": {func(f files, _ *trustpolicy.TrustPolicy) { f.store("ca:skao", "root.pem", skao().intermediate) },
			[]string{`ca:skao trusts the intermediate "CN=SKAO Intermediate CA,O=SKAO,ST=England,C=GB" without its root`}},
		"intermediate with its root": {func(f files, _ *trustpolicy.TrustPolicy) { f.store("ca:skao", "more.pem", skao().intermediate) }, nil},
		"intermediate with its root for timestamps": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", skao().intermediate)
			f.store("tsa:stamps", "root.pem", skao().root)
		}, []string{"without its root"}},
		"emailAddress": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootWithEmail(f.TB.(*testing.T)))
		},
			[]string{`has an attribute like emailAddress: a signing certificate whose name has one matches no trusted identity but "*"`}},
		"emailAddress of a timestamp authority": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("tsa:stamps", "root.pem", rootWithEmail(f.TB.(*testing.T)))
		}, nil},
		"emailAddress and any identity": {func(f files, s *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootWithEmail(f.TB.(*testing.T)))
			s.TrustedIdentities = []string{"*"}
		}, []string{`trusted identity "*"`}},
		"any identity": {func(_ files, s *trustpolicy.TrustPolicy) { s.TrustedIdentities = []string{"*"} },
			[]string{`policy "skao": trusted identity "*": whoever the CA issues a code-signing certificate to may sign`}},
		"revocation skipped": {func(_ files, s *trustpolicy.TrustPolicy) {
			s.SignatureVerification.Override = override{"revocation": "skip"}
		},
			[]string{`policy "skao": revocation is not enforced`}},
		"permissive": {func(_ files, s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerificationLevel = "permissive" },
			[]string{`policy "skao": revocation is not enforced`}},
		"expired": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(-day)))
		}, []string{`ca:skao: root.pem: "CN=SKAO Root CA,O=SKAO,ST=England,C=GB" expired on ` + now.Add(-day).UTC().Format(time.DateOnly)}},
		"expiring timestamp authority": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("tsa:stamps", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(20*day+time.Hour)))
		}, []string{`tsa:stamps: root.pem: "CN=SKAO Root CA,O=SKAO,ST=England,C=GB" expires in 20 days`}},
		"not yet valid": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(2*day), now.Add(30*day)))
		}, []string{`is not valid before ` + now.Add(2*day).UTC().Format(time.DateOnly)}},
		"far from its end": {func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(91*day)))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFiles(t)
			s := quiet(f)
			c.change(f, &s)
			f.policy(s)
			got := f.load().Warnings(now)
			if len(got) != len(c.want) {
				t.Fatalf("got  %q\nwant %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got  %s\nwant %s", got[i], want)
				}
			}
		})
	}
}
