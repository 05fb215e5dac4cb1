package trust_test

import (
	"strings"
	"testing"
)

// A list of statements that is there twice, or in other letters, is an error and ends nothing: encoding/json takes
// the last one, and it may be shorter than the first.
func TestTwoListsOfStatementsAreAnError(t *testing.T) {
	const statement = `{"name": "one", "registryScopes": ["a.io/*"], "signatureVerification": {"level": "strict"}, "trustStores": ["ca:skao"], "trustedIdentities": ["*"]}`
	const misspelt = `{"nane": "two"}`
	for _, tc := range []struct{ text, want string }{
		{`{"version": "1.0", "trustPolicies": [` + statement + `, ` + misspelt + `], "trustPolicies": [` + statement + `]}`, `member "trustPolicies" is there twice at the top`},
		{`{"version": "1.0", "trustPolicies": [` + statement + `, ` + misspelt + `], "TrustPolicies": [` + statement + `]}`, `unknown member "TrustPolicies" at the top`},
		{`{"version": "1.0", "trustPolicies": [` + misspelt + `], "trustPolicies": []}`, `member "trustPolicies" is there twice at the top`},
	} {
		f := newFiles(t)
		f.write(f.policyFile(), []byte(tc.text))
		if got := f.refused(); !strings.Contains(got, tc.want) {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

// A check that an override has twice is an error: the last one would count, and a reader sees the first.
func TestCheckTwiceInAnOverrideIsAnError(t *testing.T) {
	f := newFiles(t)
	f.write(f.policyFile(), []byte(`{"version": "1.0", "trustPolicies": [{"name": "one", "registryScopes": ["a.io/*"],
		"signatureVerification": {"level": "strict", "override": {"revocation": "enforce", "revocation": "log"}},
		"trustStores": ["ca:skao"], "trustedIdentities": ["*"]}]}`))
	if got := f.refused(); !strings.Contains(got, `statement "one": member "revocation" is there twice in override; keep one`) {
		t.Error(got)
	}
}
