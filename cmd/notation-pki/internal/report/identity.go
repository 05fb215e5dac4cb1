package report

import (
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// identityFor is the signer's name as an entry of trustedIdentities, or why notation takes none for it.
func identityFor(cert *x509.Certificate) (identity, refused string) {
	identity = ca.TrustedIdentity(cert)
	err := accepted(identity)
	if err == nil {
		return identity, ""
	}
	switch subject := cert.Subject; {
	case strings.Contains(identity, "=#"):
		return "", `its name has an attribute such as emailAddress, so that nothing but "*" matches it`
	case len(subject.Country) == 0 || len(subject.Province) == 0 || len(subject.Organization) == 0:
		return "", `its name lacks C, ST or O, and notation asks for all three, so that nothing but "*" matches it`
	default:
		return "", fmt.Sprintf(`notation cannot read its name, so that nothing but "*" matches it: %v`, err)
	}
}

// accepted asks notation itself, which reads the name in the certificate by the same rules as the one in the policy.
func accepted(identity string) error {
	policy := trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
		Name:                  "any",
		RegistryScopes:        []string{"*"},
		SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: trustpolicy.LevelStrict.Name},
		TrustStores:           []string{"ca:any"},
		TrustedIdentities:     []string{identity},
	}}}
	return policy.Validate()
}
