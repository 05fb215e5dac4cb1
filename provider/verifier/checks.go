package verifier

import (
	"crypto/x509"
	"slices"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// note says of a check that found no fault what it did not look at.
func (rec *recorder) note(check trustpolicy.ValidationType, outcome *notation.VerificationOutcome) string {
	chain := chainOf(outcome)
	if len(chain) == 0 {
		return ""
	}
	signer := outcome.EnvelopeContent.SignerInfo
	switch {
	case check == trustpolicy.TypeExpiry && signer.SignedAttributes.Expiry.IsZero():
		return "the signature has no end of its own"
	case check == trustpolicy.TypeAuthenticTimestamp && signer.SignedAttributes.SigningScheme == signature.SigningSchemeX509 && !rec.timestamped():
		if len(signer.UnsignedAttributes.TimestampSignature) == 0 {
			return "no timestamp, and none is needed yet: the certificates are valid now"
		}
		return "the timestamp was not verified, and need not be yet: the certificates are valid now"
	case check == trustpolicy.TypeRevocation && !slices.ContainsFunc(chain[:len(chain)-1], func(c *x509.Certificate) bool { return len(c.OCSPServer)+len(c.CRLDistributionPoints) > 0 }):
		return "not asked: no certificate below the root names a CRL or an OCSP responder"
	}
	return ""
}

// The checks beside those of notation's trust policy, as [provider.Check] names them.
const (
	checkEnvelope   = "envelope"   // that it can be read, and within the bounds
	checkSupport    = "support"    // that no plugin is needed
	checkArtifact   = "artifact"   // that the signature is for this image
	checkConditions = "conditions" // that it has what the question asks for
)

// withOwn adds the check that ended the verification where notation made none: a refused
// signature never has only checks that passed.
func withOwn(r signatureResult, name string) signatureResult {
	if r.Reason != "" && !slices.ContainsFunc(r.Checks, func(c provider.Check) bool { return c.Problem != "" && c.Action == string(trustpolicy.ActionEnforce) }) {
		r.Checks = append(r.Checks, provider.Check{Name: name, Action: string(trustpolicy.ActionEnforce), Problem: r.Detail})
	}
	return r
}
