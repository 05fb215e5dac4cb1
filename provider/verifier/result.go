package verifier

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// signatureResult is what one signature came to: a reason, or why there is none.
type signatureResult struct {
	provider.Signature
	undecided *provider.UndecidedError
}

// undecidedAt makes a result one of ignorance.
func (r *signatureResult) undecidedAt(err error) {
	r.undecided = provider.AsUndecided(err)
	r.Undecided, r.Detail = r.undecided.Cause, r.undecided.Detail
}

func (r *signatureResult) refused(reason provider.Reason, detail string, args ...any) {
	r.Reason, r.Detail = reason, fmt.Sprintf(detail, args...)
}

func rejectedResult(manifest digest.Digest, rejected *rejection) signatureResult {
	r := signatureResult{Signature: provider.Signature{Digest: manifest, Signer: rejected.signer}}
	if rejected.reason == "" {
		r.undecidedAt(rejected.err)
	} else {
		r.refused(rejected.reason, "%s", rejected.err.Error())
	}
	return r
}

// result names what a judged signature came to.
func (rec *recorder) result(outcome *notation.VerificationOutcome, err error) signatureResult {
	r := signatureResult{Signature: provider.Signature{Digest: rec.current.Signature.Digest, Checks: checks(outcome)}}
	if chain := chainOf(outcome); len(chain) > 0 {
		r.Signer = legible(chain[0].Subject.String())
	}
	if err == nil {
		r.Reason = provider.Verified
		return r
	}
	rec.refuse(&r, outcome, err)
	return r
}

// refuse names why the judge said no, by the check that ended the judgement.
func (rec *recorder) refuse(r *signatureResult, outcome *notation.VerificationOutcome, err error) {
	if critical, ok := errors.AsType[criticalError](err); ok {
		r.refused(provider.Unsupported, "the signature has a critical attribute %q that needs a plugin", legible(fmt.Sprint(critical.key)))
		return
	}
	failed := enforced(outcome)
	if failed == nil {
		refuseBetween(r, outcome)
		return
	}
	switch failed.Type {
	case trustpolicy.TypeIntegrity:
		refuseIntegrity(r, failed.Error)
	case trustpolicy.TypeAuthenticity:
		rec.refuseAuthenticity(r, failed.Error)
	case trustpolicy.TypeExpiry:
		r.refused(provider.Expired, "the signature expired on %s", day(outcome.EnvelopeContent.SignerInfo.SignedAttributes.Expiry))
	case trustpolicy.TypeAuthenticTimestamp:
		rec.refuseTimestamp(r, outcome)
	case trustpolicy.TypeRevocation:
		rec.signing.refuse(r, "signing")
	default:
		r.undecidedAt(err)
	}
}

// enforced returns the check whose failure ended the judgement, if one did.
func enforced(outcome *notation.VerificationOutcome) *notation.ValidationResult {
	i := slices.IndexFunc(outcome.VerificationResults, func(r *notation.ValidationResult) bool {
		return r.Error != nil && r.Action == trustpolicy.ActionEnforce
	})
	if i < 0 {
		return nil
	}
	return outcome.VerificationResults[i]
}

// refuseBetween names a failure that belongs to none of the checks: the plugin that
// is asked for before them, and the payload that is compared after them.
func refuseBetween(r *signatureResult, outcome *notation.VerificationOutcome) {
	passed := func(r *notation.ValidationResult) bool { return r.Type == trustpolicy.TypeAuthenticity }
	if !slices.ContainsFunc(outcome.VerificationResults, passed) {
		r.refused(provider.Unsupported, "the signature needs a verification plugin; none is ever run here")
		return
	}
	r.refused(provider.Tampered, "the signature is for another artifact")
}

const brokenEnvelope = "the envelope is broken or was changed after signing"

// refuseIntegrity tells an algorithm that is unknown from an envelope that is broken.
func refuseIntegrity(r *signatureResult, err error) {
	if _, ok := errors.AsType[notation.VerificationInconclusiveError](err); ok {
		r.refused(provider.Unsupported, "the envelope uses an algorithm that is not supported")
		return
	}
	r.refused(provider.Tampered, brokenEnvelope)
}

// noTrust says that no certificate of a chain is trusted.
func (rec *recorder) noTrust(signer string) error {
	return fmt.Errorf("signed by %s, whose certificate chain ends in none of the trust stores of policy %q", printable.Quote(signer), rec.policy.Name())
}

func (rec *recorder) refuseAuthenticity(r *signatureResult, err error) {
	_, stranger := errors.AsType[*signature.SignatureAuthenticityError](err)
	_, noStore := errors.AsType[notation.VerificationInconclusiveError](err)
	if stranger || noStore {
		r.refused(provider.Untrusted, "%s", rec.noTrust(r.Signer))
		return
	}
	r.refused(provider.Untrusted, "signed by %s, who is none of the trusted identities of policy %q", printable.Quote(r.Signer), rec.policy.Name())
}

// refuseTimestamp tells why time speaks against a signature: the TSA's revocation
// is unknown or known, a certificate is out of its time, or the policy always
// wants a timestamp and there is no good one.
func (rec *recorder) refuseTimestamp(r *signatureResult, outcome *notation.VerificationOutcome) {
	if rec.timestamping.asked && !rec.timestamping.Good() {
		rec.timestamping.refuse(r, "timestamping")
		return
	}
	for _, c := range chainOf(outcome) {
		switch now := time.Now(); {
		case now.After(c.NotAfter):
			r.refused(provider.Expired, "the certificate %s expired on %s and no valid timestamp shows that the signature is older", printable.Quote(legible(c.Subject.String())), day(c.NotAfter))
			return
		case now.Before(c.NotBefore):
			r.refused(provider.Expired, "the certificate %s is not valid before %s", printable.Quote(legible(c.Subject.String())), day(c.NotBefore))
			return
		}
	}
	if outcome.EnvelopeContent.SignerInfo.SignedAttributes.SigningScheme == signature.SigningSchemeX509SigningAuthority {
		r.refused(provider.Expired, "a certificate of %s was not valid at the time of signing", printable.Quote(r.Signer))
		return
	}
	r.refused(provider.Untrusted, "policy %q always wants a timestamp, and the signature has none that is valid", rec.policy.Name())
}

func checks(outcome *notation.VerificationOutcome) []provider.Check {
	list := make([]provider.Check, 0, len(outcome.VerificationResults))
	for _, r := range outcome.VerificationResults {
		c := provider.Check{Name: string(r.Type), Action: string(r.Action)}
		if r.Error != nil {
			c.Problem = legible(r.Error.Error())
		}
		list = append(list, c)
	}
	return list
}

func chainOf(outcome *notation.VerificationOutcome) []*x509.Certificate {
	if outcome.EnvelopeContent == nil {
		return nil
	}
	return outcome.EnvelopeContent.SignerInfo.CertificateChain
}

// maxWords bounds what is quoted of a signature. A stranger may have written it:
// a certificate's subject has any length and holds any bytes, and goes to whoever
// reads a denial, to terminals, and into the cache.
const maxWords = 512

// legible returns text within the bound, without what does not print.
func legible(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text[:min(len(text), maxWords+1)])
	if len(text) <= maxWords {
		return text
	}
	return strings.ToValidUTF8(text[:maxWords], "") + "…"
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
