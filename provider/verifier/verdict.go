package verifier

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// verified is the verdict on an image with a good signature.
func (rec *recorder) verified(outcome *notation.VerificationOutcome) provider.Verdict {
	lapses := rec.lapses(outcome)
	metadata, tooMuch := metadataOf(outcome)
	identity, tooLong := identityOf(outcome)
	return provider.Verdict{
		Reason:         provider.Verified,
		Image:          rec.image,
		Policy:         rec.policy.Name(),
		Signer:         chainOf(outcome)[0].Subject.String(),
		SignerIdentity: identity,
		Metadata:       metadata,
		SignedAt:       rec.signedAt(outcome),
		Until:          until(lapses),
		Lapses:         lapses,
		RecheckAt:      rec.recheckAt(),
		Warnings:       append(rec.warnings(outcome), slices.Concat(tooMuch, tooLong)...),
		Signatures:     rec.signatures(),
	}
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
	verdict := rec.refused(furthest.Reason, furthest.Detail)
	verdict.Signer = furthest.Signer
	return verdict, nil
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

// timestamped tells whether a timestamp was verified. The check whether the TSA's chain
// is revoked is the last step of that, and part of nothing else.
func (rec *recorder) timestamped() bool { return rec.timestamping.asked && rec.timestamping.Good() }

// lapses are the facts that the policy enforces and that end, the first before the others.
func (rec *recorder) lapses(outcome *notation.VerificationOutcome) []provider.Lapse {
	var all []provider.Lapse
	add := func(by provider.LapseBy, subject string, at time.Time) {
		if !at.IsZero() { // it bounds nothing
			all = append(all, provider.Lapse{By: by, Subject: subject, At: at})
		}
	}
	signer := outcome.EnvelopeContent.SignerInfo
	if rec.policy.Enforces(trustpolicy.TypeExpiry) {
		add(provider.LapseSignature, "", signer.SignedAttributes.Expiry)
	}
	if rec.policy.Enforces(trustpolicy.TypeAuthenticTimestamp) {
		if rec.timestamped() {
			add(provider.LapseTimestampRevocation, "", rec.timestamping.NextUpdate)
		} else if signer.SignedAttributes.SigningScheme == signature.SigningSchemeX509 {
			for i, c := range signer.CertificateChain {
				add(place(i, len(signer.CertificateChain)), printable.Cut(c.Subject.String(), maxText), c.NotAfter)
			}
		}
	}
	if rec.policy.Enforces(trustpolicy.TypeRevocation) {
		add(provider.LapseRevocation, "", rec.signing.NextUpdate)
	}
	slices.SortStableFunc(all, func(a, b provider.Lapse) int { return a.At.Compare(b.At) })
	return all
}

// place names a certificate by its place in a chain, which begins with the signer.
func place(i, length int) provider.LapseBy {
	switch i {
	case 0:
		return provider.LapseSigner
	case length - 1:
		return provider.LapseRoot
	}
	return provider.LapseIntermediate
}

// until is when the first of them ends; zero if there is none.
func until(lapses []provider.Lapse) time.Time {
	if len(lapses) == 0 {
		return time.Time{}
	}
	return lapses[0].At
}

// recheckAt is when CAs must be asked again whether anything was revoked; zero if they need not be.
func (rec *recorder) recheckAt() time.Time {
	var signer, stamp time.Time
	if rec.policy.Enforces(trustpolicy.TypeRevocation) {
		signer = rec.signing.RecheckAt
	}
	if rec.policy.Enforces(trustpolicy.TypeAuthenticTimestamp) && rec.timestamped() {
		stamp = rec.timestamping.RecheckAt
	}
	return earlier(signer, stamp)
}

// earlier ignores zero times, which bound nothing.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// signedAt is the time of the timestamp, if that was verified, else the time that the signer claims.
func (rec *recorder) signedAt(outcome *notation.VerificationOutcome) time.Time {
	signer := outcome.EnvelopeContent.SignerInfo
	if rec.timestamped() {
		if stamped, err := timestampOf(signer); err == nil {
			return stamped
		}
	}
	return signer.SignedAttributes.SigningTime
}

func timestampOf(signer signature.SignerInfo) (time.Time, error) {
	token, err := tspclient.ParseSignedToken(signer.UnsignedAttributes.TimestampSignature)
	if err != nil {
		return time.Time{}, err
	}
	info, err := token.Info()
	if err != nil {
		return time.Time{}, err
	}
	timestamp, err := info.Validate(signer.Signature)
	if err != nil {
		return time.Time{}, err
	}
	return timestamp.Value, nil
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
