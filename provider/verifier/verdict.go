package verifier

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// verified is the verdict on an image with a good signature.
func (rec *recorder) verified(outcome *notation.VerificationOutcome) provider.Verdict {
	metadata, tooMuch := metadataOf(outcome)
	identity, tooLong := identityOf(outcome)
	verdict := provider.Verdict{
		Reason:         provider.Verified,
		Image:          rec.image,
		Policy:         rec.policy.Name(),
		Signer:         chainOf(outcome)[0].Subject.String(),
		SignerIdentity: identity,
		Metadata:       metadata,
		Warnings:       append(rec.warnings(outcome), slices.Concat(tooMuch, tooLong)...),
		Signatures:     rec.signatures(),
	}
	rec.setTimes(&verdict, outcome)
	return verdict
}

// notVerified names why there is no good signature. Undecided goes first: one of the
// signatures that could not be verified might have been good.
func (rec *recorder) notVerified(err error) (provider.Verdict, error) {
	if errors.Is(rec.resolveErr, provider.ErrNotFound) {
		return rec.refused(provider.NotFound, "the registry has no manifest of this digest"), nil
	}
	if rec.resolveErr != nil {
		return provider.Verdict{}, rec.resolveErr
	}
	if undecided := rec.undecided(); undecided != nil {
		return provider.Verdict{}, undecided
	}
	switch {
	case err == nil, !rec.listed, len(rec.results) != len(rec.candidates), slices.ContainsFunc(rec.results, func(r signatureResult) bool { return r.Reason == provider.Verified }):
		// notation.Verify ended in a way that the recorder did not see.
		return provider.Verdict{}, provider.Undecided(provider.CauseInternal, err, provider.DetailDefect)
	case rec.more:
		return rec.refused(provider.TooManySignatures, fmt.Sprintf("none of the first %d signatures is good, and the others were not looked at", len(rec.candidates))), nil
	case len(rec.candidates) == 0:
		return rec.refused(provider.Unsigned, "no signature is associated with this digest"), nil
	}
	furthest := slices.MinFunc(rec.results, func(a, b signatureResult) int { return rank(a) - rank(b) })
	detail := furthest.Detail
	if furthest.unmet {
		detail = printable.Cut(rec.lacking(), maxText)
	}
	verdict := rec.refused(furthest.Reason, detail)
	verdict.Signer = furthest.Signer
	return verdict, nil
}

// lacking says what the signatures have that the trust policy takes, none of which has what the question asks for.
func (rec *recorder) lacking() string {
	var lacks []provider.Lack
	for _, r := range rec.results {
		if r.unmet {
			lacks = append(lacks, r.lack)
		}
	}
	return provider.DetailOf(lacks)
}

// undecided is why a signature that was looked at, or one that was not listed, might
// be good; nil if none might.
func (rec *recorder) undecided() *provider.UndecidedError {
	var why *provider.UndecidedError
	if i := slices.IndexFunc(rec.results, func(r signatureResult) bool { return r.undecided != nil }); i >= 0 {
		why = rec.results[i].undecided
	} else if rec.incomplete != nil {
		why = provider.AsUndecided(rec.incomplete)
	} else {
		return nil
	}
	undecided := *why
	undecided.Signatures = rec.signatures()
	return &undecided
}

// rank orders results by how far a signature came before it failed. One that the trust policy takes came furthest.
func rank(r signatureResult) int {
	if r.unmet {
		return -1
	}
	order := []provider.Reason{provider.Revoked, provider.Expired, provider.Untrusted, provider.Tampered, provider.Unsupported}
	return slices.Index(order, r.Reason)
}

func (rec *recorder) refused(reason provider.Reason, detail string) provider.Verdict {
	return provider.Verdict{
		Reason:     reason,
		Detail:     detail,
		Image:      rec.image,
		Policy:     rec.policy.Name(),
		Signatures: rec.signatures(),
	}
}

func (rec *recorder) signatures() []provider.Signature {
	list := make([]provider.Signature, 0, len(rec.results))
	for _, r := range rec.results {
		list = append(list, r.Signature)
	}
	return list
}

// setTimes sets when the image was signed, the facts that the policy enforces and that end, the first before the others, and
// when CAs must be asked again whether anything was revoked.
func (rec *recorder) setTimes(v *provider.Verdict, outcome *notation.VerificationOutcome) {
	signer, timestamped := outcome.EnvelopeContent.SignerInfo, rec.timestamped()
	v.SignedAt = signer.SignedAttributes.SigningTime // as the signer claims
	if timestamped {
		if stamped, err := timestampOf(signer); err == nil {
			v.SignedAt = stamped
		}
	}
	add := func(by provider.LapseBy, subject string, at time.Time) {
		if !at.IsZero() { // it bounds nothing
			v.Lapses = append(v.Lapses, provider.Lapse{By: by, Subject: subject, At: at})
		}
	}
	if rec.policy.Enforces(trustpolicy.TypeExpiry) {
		add(provider.LapseSignature, "", signer.SignedAttributes.Expiry)
	}
	if rec.policy.Enforces(trustpolicy.TypeAuthenticTimestamp) {
		if timestamped {
			add(provider.LapseTimestampRevocation, "", rec.timestamping.NextUpdate)
			v.RecheckAt = rec.timestamping.RecheckAt
		} else if signer.SignedAttributes.SigningScheme == signature.SigningSchemeX509 {
			by := provider.LapseSigner
			for i, c := range signer.CertificateChain {
				if i > 0 && i == len(signer.CertificateChain)-1 {
					by = provider.LapseRoot
				}
				add(by, printable.Cut(c.Subject.String(), maxText), c.NotAfter)
				by = provider.LapseIntermediate
			}
		}
	}
	if rec.policy.Enforces(trustpolicy.TypeRevocation) {
		add(provider.LapseRevocation, "", rec.signing.NextUpdate)
		v.RecheckAt = earlier(v.RecheckAt, rec.signing.RecheckAt)
	}
	slices.SortStableFunc(v.Lapses, func(a, b provider.Lapse) int { return a.At.Compare(b.At) })
	if len(v.Lapses) > 0 {
		v.Until = v.Lapses[0].At
	}
}

// earlier ignores zero times, which bound nothing.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// warnings are the checks that failed and that the policy only logs, in the words of a
// refusal.
func (rec *recorder) warnings(outcome *notation.VerificationOutcome) []string {
	var list []string
	for _, check := range outcome.VerificationResults {
		if check.Error == nil {
			continue
		}
		var r signatureResult
		r.Signer = printable.Cut(chainOf(outcome)[0].Subject.String(), maxText)
		rec.refuse(&r, &notation.VerificationOutcome{
			EnvelopeContent:     outcome.EnvelopeContent,
			VerificationResults: []*notation.ValidationResult{{Type: check.Type, Error: check.Error, Action: trustpolicy.ActionEnforce}},
		}, check.Error)
		list = append(list, string(check.Type)+": "+r.Detail)
	}
	return list
}
