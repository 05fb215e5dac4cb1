package ratify

import (
	"slices"
	"strings"
	"testing"
)

// verifier is Ratify's object of that name, as far as the example has it.
type verifier struct {
	Spec struct {
		Parameters struct {
			VerificationCertStores map[string]map[string][]string `yaml:"verificationCertStores"`
			TrustPolicyDoc         any                            `yaml:"trustPolicyDoc"`
		} `yaml:"parameters"`
	} `yaml:"spec"`
}

// keyManagementProvider is Ratify's, with certificates in the object itself.
type keyManagementProvider struct {
	Metadata struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		Parameters struct {
			Value string `yaml:"value"`
		} `yaml:"parameters"`
	} `yaml:"spec"`
}

// store is Ratify's, with the Secrets that hold credentials.
type store struct {
	Spec struct {
		Parameters struct {
			AuthProvider struct {
				Secrets []struct {
					SecretName string `yaml:"secretName"`
				} `yaml:"secrets"`
			} `yaml:"authProvider"`
		} `yaml:"parameters"`
	} `yaml:"spec"`
}

// The same signers are trusted in the same way. The scope alone is narrower than before.
func TestTrustIsTheSame(t *testing.T) {
	theirs := decodeAll[verifier](t, "testdata/verifier.yaml")[0].Spec.Parameters
	before, after := asDocument(t, theirs.TrustPolicyDoc).TrustPolicies, asDocument(t, ours(t).Trust.Policy).TrustPolicies
	if len(before) != 1 || len(after) != 1 {
		t.Fatalf("policies: %+v; then %+v", before, after)
	}
	was, is := before[0], after[0]
	if was.Name != is.Name || was.SignatureVerification.VerificationLevel != is.SignatureVerification.VerificationLevel ||
		was.SignatureVerification.VerifyTimestamp != is.SignatureVerification.VerifyTimestamp ||
		!slices.Equal(was.TrustStores, is.TrustStores) || !slices.Equal(was.TrustedIdentities, is.TrustedIdentities) {
		t.Errorf("it was %+v and is %+v", was, is)
	}
	if !slices.Equal(was.RegistryScopes, []string{"*"}) || !slices.Equal(is.RegistryScopes, []string{registryHost + "/*"}) {
		t.Errorf("the scopes were %q and are %q", was.RegistryScopes, is.RegistryScopes)
	}
}

// Each trust store holds the certificates of the key management providers that were named for it.
func TestStoresHoldTheSameCertificates(t *testing.T) {
	certificates := map[string]string{}
	for _, provider := range decodeAll[keyManagementProvider](t, "testdata/keymanagementprovider.yaml") {
		certificates[provider.Metadata.Name] = provider.Spec.Parameters.Value
	}
	mine, count := ours(t).Trust.Stores, 0
	for kind, stores := range decodeAll[verifier](t, "testdata/verifier.yaml")[0].Spec.Parameters.VerificationCertStores {
		for name, providers := range stores {
			var want strings.Builder
			for _, provider := range providers {
				want.WriteString(certificates[provider])
			}
			if count++; want.Len() == 0 || mine[kind][name] != want.String() {
				t.Errorf("%s:%s holds %q, want %q", kind, name, mine[kind][name], want.String())
			}
		}
	}
	if count != 2 {
		t.Errorf("the example has %d trust stores, want 2", count)
	}
}

func TestCredentialsAreTheSame(t *testing.T) {
	var names []string
	for _, secret := range decodeAll[store](t, "testdata/store.yaml")[0].Spec.Parameters.AuthProvider.Secrets {
		names = append(names, secret.SecretName)
	}
	if mine := ours(t).DockerConfigSecrets; len(names) == 0 || !slices.Equal(mine, names) {
		t.Errorf("the Secrets were %q and are %q", names, mine)
	}
}

func TestCheckTakesTheConfiguration(t *testing.T) {
	said, code := run(t, "check", "--config", newAcme(t).install(t))
	if code != 0 || !strings.Contains(said, "acme") || !strings.Contains(said, "stamps") {
		t.Errorf("check exits %d: %s", code, said)
	}
}

// The signed image needs all that came over. These are credentials to be seen, the root and the
// identity to be trusted, and the tsa store since its signer's certificate has ended.
func TestVerifyTellsSignedFromUnsigned(t *testing.T) {
	w := newAcme(t)
	file := w.install(t)
	for _, c := range []struct {
		image, want string
		code        int
	}{
		{w.signed("team/signed"), "verified", 0},
		{w.unsigned("team/unsigned"), "unsigned", 3},
		{w.signedBySKAO("team/foreign"), "untrusted", 3},
		{"docker.io/library/postgres:16", "out-of-scope", 3},
	} {
		if said, code := run(t, "verify", "--config", file, c.image); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("verify %s exits %d, want %d and %q: %s", c.image, code, c.code, c.want, said)
		}
	}
}
