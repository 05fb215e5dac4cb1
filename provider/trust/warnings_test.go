package trust_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// quiet is a statement with nothing to warn of, once tsa:stamps is there.
func quiet(f files) trustpolicy.TrustPolicy {
	f.Helper()
	f.store("tsa:stamps", "root.pem", stranger().root)
	s := statement("skao", "harbor.skao.int/*")
	s.TrustStores = []string{"ca:skao", "tsa:stamps"}
	s.TrustedIdentities = []string{"x509.subject: C=XX,ST=Example,O=Example,CN=Example Signer"}
	return s
}

func TestWhatIsAllowedAndWillBiteIsWarnedOf(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name   string
		change func(files, *trustpolicy.TrustPolicy)
		want   []string
	}{
		{"nothing", func(files, *trustpolicy.TrustPolicy) {}, nil},
		{"no tsa store", func(f files, s *trustpolicy.TrustPolicy) {
			f.remove(f.path("tsa:stamps", ""))
			s.TrustStores = []string{"ca:skao"}
		},
			[]string{`policy "skao": no tsa trust store: every image stops verifying when its signing certificate expires`}},
		{"a signing authority needs no tsa", func(f files, s *trustpolicy.TrustPolicy) {
			f.store("signingAuthority:skao", "root.pem", skao().root)
			f.remove(f.path("ca:skao", ""))
			f.remove(f.path("tsa:stamps", ""))
			s.TrustStores = []string{"signingAuthority:skao"}
		}, nil},
		{"leaf only", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", selfSigned(f.TB.(*testing.T)))
		},
			[]string{
				`ca:skao trusts the signing certificate "CN=Example Self-Signed Signer,`,
				`"CN=Example Self-Signed Signer,O=Example,ST=Example,C=XX" is none of the trusted identities: nothing that it signed is verified`,
			}},
		{"leaf only, and named", func(f files, s *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", selfSigned(f.TB.(*testing.T)))
			s.TrustedIdentities = []string{"x509.subject: C=GB,ST=England,O=Other", "x509.subject: C=XX,S=Example,O=Example"}
		},
			[]string{`ca:skao trusts the signing certificate "CN=Example Self-Signed Signer,`}},
		{"leaf only, no state", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", named(f.TB.(*testing.T), false, pkix.Name{Country: []string{"GB"}, Organization: []string{`Acme, Inc.`}}))
		},
			[]string{"ca:skao trusts the signing certificate", `"O=Acme\, Inc.,C=GB" matches no trusted identity but "*": notation compares names with C, ST and O`}},
		{"two units", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", named(f.TB.(*testing.T), true, pkix.Name{Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, OrganizationalUnit: []string{"a", "b"}}))
		},
			[]string{"has an attribute that notation cannot compare, like emailAddress, DC, UID or a second OU"}},
		{"a CA without a state", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", named(f.TB.(*testing.T), true, pkix.Name{Country: []string{"GB"}, Organization: []string{"SKAO"}}))
		}, nil},
		{"AWS Signer", func(f files, s *trustpolicy.TrustPolicy) {
			f.remove(f.path("ca:skao", ""))
			f.remove(f.path("tsa:stamps", ""))
			f.store("signingAuthority:aws-signer-ts", "aws-signer-notation-root.cert", skao().root)
			s.TrustStores = []string{"signingAuthority:aws-signer-ts"}
			s.TrustedIdentities = []string{"arn:aws:signer:eu-west-1:111122223333:/signing-profiles/skao"}
		}, []string{
			"signingAuthority:aws-signer-ts: signatures of AWS Signer ask for its plugin, and no plugin is run here: they are refused as unsupported",
			`trusted identity "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/skao" never matches: it is for the plugin of AWS Signer`,
			"none of its trusted identities can ever match: every image in its registry scopes is refused",
		}},
		{"AWS Signer beside others", func(_ files, s *trustpolicy.TrustPolicy) {
			s.TrustedIdentities = append(s.TrustedIdentities, "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/skao")
		}, []string{"never matches: it is for the plugin of AWS Signer"}},
		{"another plugin", func(_ files, s *trustpolicy.TrustPolicy) {
			s.TrustedIdentities = []string{"did:skao", "vault: C=GB"}
		},
			[]string{`identities of the kind "did" are for a plugin`, `identities of the kind "vault" are for a plugin`, "none of its trusted identities can ever match"}},
		{"attributes of no certificate", func(_ files, s *trustpolicy.TrustPolicy) {
			s.TrustedIdentities = []string{"x509.subject: C=GB,ST=England,O=SKAO,DC=skao", `x509.subject: C=GB,ST=England,O=Acme\, Inc.,cn=Signer`, "x509.subject: C=GB,S=Kent,O=SKAO,L=a,STREET=b,POSTALCODE=c,OU=d,CN=e,SERIALNUMBER=f"}
		}, []string{"and no DC", `O=Acme\, Inc.,cn=Signer" never matches: notation reads the attributes C, ST, L, STREET, POSTALCODE, O, OU, CN, SERIALNUMBER of a certificate's name, in capitals, and no cn`}},
		{"a copy", func(f files, _ *trustpolicy.TrustPolicy) { f.store("ca:skao", "old-root.pem.BAK", stranger().root) },
			[]string{`ca:skao: old-root.pem.BAK is read like every file in the store, and "CN=Example Root CA,O=Example,ST=Example,C=XX" is trusted; move it away if it is a copy`}},
		{"asked about over https", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "more.pem", skao().root, askedAt(f.TB.(*testing.T), "https://pki.skao.int/root.crl"))
		}, []string{`has its revocation status at https://pki.skao.int/root.crl only, and notation uses http:// only`, "without its root"}},
		{"asked about over both", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "more.pem", skao().root, askedAt(f.TB.(*testing.T), "https://pki.skao.int/root.crl", "http://pki.skao.int/root.crl"))
		}, []string{"without its root"}},
		{"intermediate only", func(f files, _ *trustpolicy.TrustPolicy) { f.store("ca:skao", "root.pem", skao().intermediate) },
			[]string{`ca:skao trusts the intermediate "CN=Example Intermediate CA,O=Example,ST=Example,C=XX" without its root`}},
		{"intermediate with its root", func(f files, _ *trustpolicy.TrustPolicy) { f.store("ca:skao", "more.pem", skao().intermediate) }, nil},
		{"intermediate with its root for timestamps", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", skao().intermediate)
			f.store("tsa:stamps", "root.pem", skao().root)
		}, []string{"without its root"}},
		{"emailAddress", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootWithEmail(f.TB.(*testing.T)))
		},
			[]string{`has an attribute that notation cannot compare, like emailAddress, DC, UID or a second OU: a signing certificate whose name has one matches no trusted identity but "*"`}},
		{"emailAddress of a timestamp authority", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("tsa:stamps", "root.pem", rootWithEmail(f.TB.(*testing.T)))
		}, nil},
		{"emailAddress and any identity", func(f files, s *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootWithEmail(f.TB.(*testing.T)))
			s.TrustedIdentities = []string{"*"}
		}, []string{`trusted identity "*"`}},
		{"any identity", func(_ files, s *trustpolicy.TrustPolicy) { s.TrustedIdentities = []string{"*"} },
			[]string{`policy "skao": trusted identity "*": every code-signing certificate of the CA may sign`}},
		{"revocation skipped", func(_ files, s *trustpolicy.TrustPolicy) {
			s.SignatureVerification.Override = override{"revocation": "skip"}
		},
			[]string{`policy "skao": revocation is not enforced`}},
		{"permissive", func(_ files, s *trustpolicy.TrustPolicy) { s.SignatureVerification.VerificationLevel = "permissive" },
			[]string{`policy "skao": revocation is not enforced`}},
		{"expired", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(-day)))
		}, []string{`ca:skao: root.pem: "CN=Example Root CA,O=Example,ST=Example,C=XX" expired on ` + now.Add(-day).UTC().Format(time.DateOnly)}},
		{"expiring timestamp authority", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("tsa:stamps", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(20*day+time.Hour)))
		}, []string{`tsa:stamps: root.pem: "CN=Example Root CA,O=Example,ST=Example,C=XX" expires in 20 days`}},
		{"not yet valid", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(2*day), now.Add(30*day)))
		}, []string{`is not valid before ` + now.Add(2*day).UTC().Format(time.DateOnly)}},
		{"far from its end", func(f files, _ *trustpolicy.TrustPolicy) {
			f.store("ca:skao", "root.pem", rootUntil(f.TB.(*testing.T), now.Add(-30*day), now.Add(91*day)))
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
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

// named is a certificate with a name, a CA's or a signer's own.
func named(t *testing.T, issuer bool, name pkix.Name) *x509.Certificate {
	t.Helper()
	options := ca.Options{KeyType: ca.ECP256, Subject: name}
	if issuer {
		made, err := ca.NewRoot(options)
		if err != nil {
			t.Fatal(err)
		}
		return made.Cert
	}
	made, err := ca.SelfSigned(options)
	if err != nil {
		t.Fatal(err)
	}
	return made.Cert
}

// askedAt is an intermediate whose list is at these URLs, of a root of its own name.
func askedAt(t *testing.T, urls ...string) *x509.Certificate {
	t.Helper()
	root, err := ca.NewRoot(ca.Options{KeyType: ca.ECP256, Subject: pkix.Name{Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"}, CommonName: "Other"}})
	if err != nil {
		t.Fatal(err)
	}
	intermediate, err := root.Intermediate(ca.Options{KeyType: ca.ECP256, CRLURLs: urls})
	if err != nil {
		t.Fatal(err)
	}
	return intermediate.Cert
}

// A scope within one of another statement takes its images, which may not be meant.
func TestScopesThatTakeImagesAreWarnedOf(t *testing.T) {
	for _, c := range []struct{ name, own, vendor, want string }{
		{"beside", "harbor.skao.int/*", "vendor.example.org/*", ""},
		{"fallback", "*", "vendor.example.org/*", ""},
		{"a repository", "harbor.skao.int/prod/*", "harbor.skao.int/prod/tango", `policy "vendor": its registry scope "harbor.skao.int/prod/tango" takes images from policy "skao", which has "harbor.skao.int/prod/*"`},
		{"a path", "harbor.skao.int/*", "harbor.skao.int/a/b/*", `"harbor.skao.int/a/b/*" takes images from policy "skao"`},
		{"not its path", "harbor.skao.int/prod/*", "harbor.skao.int/production/*", ""},
	} {
		f := newFiles(t)
		f.policy(statement("skao", c.own), statement("vendor", c.vendor))
		var found []string
		for _, w := range f.load().Warnings(time.Now()) {
			if strings.Contains(w, "takes images from") {
				found = append(found, w)
			}
		}
		if got := strings.Join(found, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) || len(found) > 1 {
			t.Errorf("%s: warned of %q; want %q", c.name, got, c.want)
		}
	}
}
