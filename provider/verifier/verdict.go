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
)

// verified is the verdict on an image with a good signature.
func (w *witness) verified(outcome *notation.VerificationOutcome) provider.Verdict {
	return provider.Verdict{
		Reason:     provider.Verified,
		Image:      w.image,
		Policy:     w.policy.Name(),
		Signer:     chainOf(outcome)[0].Subject.String(),
		SignedAt:   w.signedAt(outcome),
		Until:      w.until(outcome),
		RecheckAt:  w.recheckAt(),
		Warnings:   w.warnings(outcome),
		Signatures: w.signatures(),
	}
}

// notVerified names why there is no good signature. Ignorance goes first: one of
// the signatures that could not be judged might have been good.
func (w *witness) notVerified(err error) (provider.Verdict, error) {
	if errors.Is(w.fault, provider.ErrNotFound) {
		return w.refused(provider.NotFound, "the registry has no such manifest"), nil
	}
	if w.fault != nil {
		return provider.Verdict{}, w.fault
	}
	if undecided := w.undecided(); undecided != nil {
		return provider.Verdict{}, undecided
	}
	switch {
	case err == nil, !w.heard, len(w.findings) != len(w.offered), slices.ContainsFunc(w.findings, good):
		// notation.Verify ended in a way that the witness cannot account for.
		return provider.Verdict{}, provider.Undecided(provider.CauseInternal, err, "internal error")
	case w.more:
		return w.refused(provider.TooManySignatures, fmt.Sprintf("none of the first %d signatures is good and the rest is not looked at", w.limit)), nil
	case len(w.offered) == 0:
		return w.refused(provider.Unsigned, "no signature is associated with this digest; make sure the artifact was signed successfully"), nil
	}
	furthest := slices.MinFunc(w.findings, func(a, b finding) int { return rank(a.Reason) - rank(b.Reason) })
	verdict := w.refused(furthest.Reason, furthest.Detail)
	verdict.Signer = furthest.Signer
	return verdict, nil
}

// undecided is why a signature that was looked at, or one that was not listed, might
// have been good; nil if none might.
func (w *witness) undecided() *provider.UndecidedError {
	var why *provider.UndecidedError
	if i := slices.IndexFunc(w.findings, func(f finding) bool { return f.undecided != nil }); i >= 0 {
		why = w.findings[i].undecided
	} else if w.incomplete != nil {
		why = provider.AsUndecided(w.incomplete)
	} else {
		return nil
	}
	undecided := *why
	undecided.Signatures = w.signatures()
	return &undecided
}

func good(f finding) bool { return f.Reason == provider.Verified }

// rank orders reasons by how far a signature came before it failed.
func rank(reason provider.Reason) int {
	order := []provider.Reason{provider.Revoked, provider.Expired, provider.Untrusted, provider.Tampered, provider.Unsupported}
	return slices.Index(order, reason)
}

func (w *witness) refused(reason provider.Reason, detail string) provider.Verdict {
	return provider.Verdict{
		Reason:     reason,
		Detail:     detail,
		Image:      w.image,
		Policy:     w.policy.Name(),
		Signatures: w.signatures(),
	}
}

func (w *witness) signatures() []provider.Signature {
	list := make([]provider.Signature, 0, len(w.findings))
	for _, f := range w.findings {
		list = append(list, f.Signature)
	}
	return list
}

// timestamped tells whether a timestamp was verified. Asking whether the TSA's
// chain is revoked is the last step of that, and made for nothing else.
func (w *witness) timestamped() bool { return w.timestamping.asked && w.timestamping.Good() }

// until is when the first of the facts lapses that the policy enforces.
func (w *witness) until(outcome *notation.VerificationOutcome) time.Time {
	var ends []time.Time
	signer := outcome.EnvelopeContent.SignerInfo
	if w.policy.Enforces(trustpolicy.TypeExpiry) {
		ends = append(ends, signer.SignedAttributes.Expiry)
	}
	if w.policy.Enforces(trustpolicy.TypeAuthenticTimestamp) {
		if w.timestamped() {
			ends = append(ends, w.timestamping.NextUpdate)
		} else if signer.SignedAttributes.SigningScheme == signature.SigningSchemeX509 {
			for _, c := range signer.CertificateChain {
				ends = append(ends, c.NotAfter)
			}
		}
	}
	if w.policy.Enforces(trustpolicy.TypeRevocation) {
		ends = append(ends, w.signing.NextUpdate)
	}
	return earliest(ends)
}

// recheckAt is when somebody must be asked again whether anything was revoked.
func (w *witness) recheckAt() time.Time {
	var ends []time.Time
	if w.policy.Enforces(trustpolicy.TypeRevocation) {
		ends = append(ends, w.signing.RecheckAt)
	}
	if w.policy.Enforces(trustpolicy.TypeAuthenticTimestamp) && w.timestamped() {
		ends = append(ends, w.timestamping.RecheckAt)
	}
	return earliest(ends)
}

// earliest ignores zero times, which bound nothing.
func earliest(times []time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// signedAt is the time stamped, if the stamp was verified, else the time claimed.
func (w *witness) signedAt(outcome *notation.VerificationOutcome) time.Time {
	signer := outcome.EnvelopeContent.SignerInfo
	if w.timestamped() {
		if stamped, err := stampOf(signer); err == nil {
			return stamped
		}
	}
	return signer.SignedAttributes.SigningTime
}

func stampOf(signer signature.SignerInfo) (time.Time, error) {
	token, err := tspclient.ParseSignedToken(signer.UnsignedAttributes.TimestampSignature)
	if err != nil {
		return time.Time{}, err
	}
	info, err := token.Info()
	if err != nil {
		return time.Time{}, err
	}
	stamp, err := info.Validate(signer.Signature)
	if err != nil {
		return time.Time{}, err
	}
	return stamp.Value, nil
}

// warnings are the checks that failed and that the policy only logs, in the words
// in which it would have refused.
func (w *witness) warnings(outcome *notation.VerificationOutcome) []string {
	var list []string
	for _, check := range outcome.VerificationResults {
		if check.Error == nil {
			continue
		}
		var f finding
		f.Signer = legible(chainOf(outcome)[0].Subject.String())
		w.refuse(&f, &notation.VerificationOutcome{
			EnvelopeContent:     outcome.EnvelopeContent,
			VerificationResults: []*notation.ValidationResult{{Type: check.Type, Error: check.Error, Action: trustpolicy.ActionEnforce}},
		}, check.Error)
		list = append(list, string(check.Type)+": "+f.Detail)
	}
	return list
}
