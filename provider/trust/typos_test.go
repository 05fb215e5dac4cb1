package trust_test

import (
	"slices"
	"strings"
	"testing"
)

// What is misspelt is told with the nearest word, the statement and the file, all at once.
func TestTyposInAPolicyAreToldAtOnce(t *testing.T) {
	f := newFiles(t)
	f.write(f.policyFile(), []byte(`{
  "version": "1.0",
  "comment": "ours",
  "trustPolicies": [
    {
      "name": "one",
      "registryScope": ["a.io/*"],
      "registryScopes": ["a.io/*"],
      "signatureVerification": {"level": "stict", "verifyTimestmp": "always", "verifyTimestamp": "afterCertExpired", "override": {"expiri": "log", "revocation": "skipp"}},
      "trustStores": ["ca:skao", "cas:skao", "skao", "ca:a/b", "tsa:none"],
      "trustedIdentities": ["CN=foo", "x509.subject: foo", "x509.subjects: C=GB", "foo"]
    },
    {
      "name": "two",
      "name": "two",
      "Level": "strict",
      "registryScopes": ["b.io"],
      "signatureVerification": {"level": "skip"},
      "trustStores": ["ca:skao"],
      "trustedIdentities": ["*"]
    }
  ]
}`))
	got := strings.Split(f.refused(), "\n")
	want := []string{
		`unknown member "comment" at the top; write one of version, trustPolicies`,
		`statement "one": unknown member "registryScope"; did you mean "registryScopes"?`,
		`statement "one": unknown member "verifyTimestmp" in signatureVerification; did you mean "verifyTimestamp"?`,
		`statement "two": member "name" is there twice; keep one`,
		`statement "two": unknown member "Level"; write one of name, `,
		`statement "one": level "stict" is not known; did you mean "strict"?`,
		`statement "one": verifyTimestamp "afterCertExpired" is not known; did you mean "afterCertExpiry"?`,
		`statement "one": override of "expiri" is not known; did you mean "expiry"?`,
		`statement "one": override revocation: "skipp" is not known; did you mean "skip"?`,
		`statement "one": trust store cas:skao: its kind "cas" is not known; did you mean "ca"?`,
		`statement "one": trust store "skao" has no kind; write kind:name, like ca:skao`,
		`statement "one": trust store "ca:a/b": its name may have letters, digits, and _ . - alone`,
		`statement "one": trusted identity "CN=foo" has no kind; write x509.subject: and then the name`,
		`statement "one": trusted identity "x509.subject: foo" has no attribute with =; write it like "x509.subject: C=GB, ST=England, O=Example"`,
		`statement "one": trusted identity "x509.subjects: C=GB" is of an unknown kind; did you mean "x509.subject"?`,
		`statement "one": trusted identity "foo" is neither "*" nor a name; write it like `,
		`statement "one": trust store tsa:none: open `,
		`statement "two": level "skip" would admit unsigned images; use strict, or permissive`,
		`statement "two": registry scope "b.io" names no repository`,
	}
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "trust policy "+f.policyFile()+": ")
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
