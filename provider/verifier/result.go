package verifier

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// signatureResult is the result of one signature: a reason, or why it is undecided.
type signatureResult struct {
	provider.Signature
	undecided *provider.UndecidedError
	unmet     bool // it passes the trust policy, and not the conditions of the question
	lack      provider.Lack
}

// undecidedBy makes the result undecided.
func (r *signatureResult) undecidedBy(err error) {
	r.undecided = provider.AsUndecided(err)
	r.Undecided, r.Detail = r.undecided.Cause, r.undecided.Detail
}

func (r *signatureResult) refused(reason provider.Reason, detail string, args ...any) {
	r.Reason, r.Detail = reason, fmt.Sprintf(detail, args...)
}

func rejectedResult(manifest digest.Digest, rejected *rejection) signatureResult {
	r := signatureResult{Signature: provider.Signature{Digest: manifest, Signer: rejected.signer}}
	if rejected.reason == "" {
		r.undecidedBy(rejected.err)
	} else {
		r.refused(rejected.reason, "%s", rejected.err.Error())
	}
	return withOwn(r, checkEnvelope)
}

// result is the result of a signature that notation looked at, with the checks that notation made.
func (rec *recorder) result(outcome *notation.VerificationOutcome, err error) signatureResult {
	r := signatureResult{Signature: provider.Signature{Digest: rec.current.Signature.Digest}}
	for _, made := range outcome.VerificationResults {
		check := provider.Check{Name: string(made.Type), Action: string(made.Action)}
		if made.Error != nil {
			check.Problem = printable.Cut(made.Error.Error(), maxText)
		} else {
			check.Note = rec.note(made.Type, outcome)
		}
		r.Checks = append(r.Checks, check)
	}
	if chain := chainOf(outcome); len(chain) > 0 {
		r.Signer = printable.Cut(chain[0].Subject.String(), maxText)
	}
	if err != nil {
		return rec.refusedResult(r, outcome, err)
	}
	r.Reason = provider.Verified
	r.Checks = append(r.Checks, provider.Check{Name: checkArtifact, Action: string(trustpolicy.ActionEnforce)})
	return r
}

func (rec *recorder) refusedResult(r signatureResult, outcome *notation.VerificationOutcome, err error) signatureResult {
	rec.refuse(&r, outcome, err)
	switch {
	case r.Reason == provider.Unsupported:
		return withOwn(r, checkSupport)
	case r.unmet:
		return withOwn(r, checkConditions)
	}
	return withOwn(r, checkArtifact)
}

// refuse names why notation refused a signature, by the check that ended the verification.
func (rec *recorder) refuse(r *signatureResult, outcome *notation.VerificationOutcome, err error) {
	if critical, ok := errors.AsType[criticalError](err); ok {
		r.refused(provider.Unsupported, "the signature has a critical attribute %q that needs a plugin", printable.Cut(fmt.Sprint(critical.key), maxText))
		return
	}
	if unmet, ok := errors.AsType[conditionsError](err); ok {
		r.unmet, r.lack = true, unmet.lack
		r.refused(provider.Untrusted, "%s", printable.Cut(unmet.Error(), maxText))
		return
	}
	failed := enforced(outcome)
	if failed == nil {
		rec.refuseBetween(r, outcome)
		return
	}
	switch failed.Type {
	case trustpolicy.TypeIntegrity:
		refuseIntegrity(r, failed.Error)
	case trustpolicy.TypeAuthenticity:
		rec.refuseAuthenticity(r, failed.Error)
	case trustpolicy.TypeExpiry:
		r.refused(provider.Expired, provider.DetailSignatureEnded+"%s", formatTime(outcome.EnvelopeContent.SignerInfo.SignedAttributes.Expiry))
	case trustpolicy.TypeAuthenticTimestamp:
		rec.refuseTimestamp(r, outcome)
	case trustpolicy.TypeRevocation:
		rec.signing.refuse(r, "signing")
	default:
		r.undecidedBy(err)
	}
}

// enforced returns the check whose failure ended the verification, if one did.
func enforced(outcome *notation.VerificationOutcome) *notation.ValidationResult {
	i := slices.IndexFunc(outcome.VerificationResults, func(r *notation.ValidationResult) bool {
		return r.Error != nil && r.Action == trustpolicy.ActionEnforce
	})
	if i < 0 {
		return nil
	}
	return outcome.VerificationResults[i]
}

// refuseBetween names a failure outside the checks: a plugin that is needed before them,
// or a payload that does not fit after them.
func (rec *recorder) refuseBetween(r *signatureResult, outcome *notation.VerificationOutcome) {
	passed := func(r *notation.ValidationResult) bool { return r.Type == trustpolicy.TypeAuthenticity }
	if !slices.ContainsFunc(outcome.VerificationResults, passed) {
		r.refused(provider.Unsupported, "the signature needs a verification plugin, and the provider runs none")
		return
	}
	r.refused(provider.Tampered, provider.DetailOtherImage+"%s", rec.target(outcome))
}

// target is the digest that a signature is for, as the signer wrote it.
func (rec *recorder) target(outcome *notation.VerificationOutcome) string {
	var payload struct {
		TargetArtifact struct {
			Digest digest.Digest `json:"digest"`
		} `json:"targetArtifact"`
	}
	err := json.Unmarshal(outcome.EnvelopeContent.Payload.Content, &payload)
	switch named := payload.TargetArtifact.Digest; {
	case err != nil, named.Validate() != nil:
		return "and names no digest"
	case named == rec.image.Digest:
		return "of the same digest and another size or media type"
	default:
		return named.String()
	}
}

const brokenEnvelope = "the signature is damaged, or was changed after it was made"

// refuseIntegrity distinguishes an unknown algorithm from a broken envelope.
func refuseIntegrity(r *signatureResult, err error) {
	if _, ok := errors.AsType[notation.VerificationInconclusiveError](err); ok {
		r.refused(provider.Unsupported, "the envelope uses an algorithm that is not supported")
		return
	}
	r.refused(provider.Tampered, brokenEnvelope)
}

// noTrust says that no certificate of a chain is trusted.
func (rec *recorder) noTrust(signer string) error {
	return fmt.Errorf(provider.DetailUnknownCA+" by policy %q: %s", rec.policy.Name(), printable.Quote(signer))
}

func (rec *recorder) refuseAuthenticity(r *signatureResult, err error) {
	_, untrusted := errors.AsType[*signature.SignatureAuthenticityError](err)
	_, noStore := errors.AsType[notation.VerificationInconclusiveError](err)
	if untrusted || noStore {
		r.refused(provider.Untrusted, "%s", rec.noTrust(r.Signer))
		return
	}
	r.refused(provider.Untrusted, provider.DetailUnknownName+": policy %q does not list %s", rec.policy.Name(), printable.Quote(r.Signer))
}

func chainOf(outcome *notation.VerificationOutcome) []*x509.Certificate {
	if outcome.EnvelopeContent == nil {
		return nil
	}
	return outcome.EnvelopeContent.SignerInfo.CertificateChain
}

// maxText bounds text of a signature, in bytes: an attacker may have written it. A certificate's
// subject has any length and holds any bytes, and goes into denials, terminals and the cache.
const maxText = 512

// formatTime is a time for people, with its zone.
func formatTime(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") }
