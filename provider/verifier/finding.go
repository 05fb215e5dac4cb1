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

// finding is what one signature came to: a reason, or why there is none.
type finding struct {
	provider.Signature
	undecided *provider.UndecidedError
}

// undecidedAt makes a finding one of ignorance.
func (f *finding) undecidedAt(err error) {
	f.undecided = provider.AsUndecided(err)
	f.Undecided, f.Detail = f.undecided.Cause, f.undecided.Detail
}

func (f *finding) refused(reason provider.Reason, detail string, args ...any) {
	f.Reason, f.Detail = reason, fmt.Sprintf(detail, args...)
}

func findAside(manifest digest.Digest, aside *setAside) finding {
	f := finding{Signature: provider.Signature{Digest: manifest, Signer: aside.signer}}
	if aside.reason == "" {
		f.undecidedAt(aside.err)
	} else {
		f.refused(aside.reason, "%s", aside.err.Error())
	}
	return f
}

// find names what a judged signature came to.
func (w *witness) find(outcome *notation.VerificationOutcome, err error) finding {
	f := finding{Signature: provider.Signature{Digest: w.hand.Signature.Digest, Checks: checks(outcome)}}
	if chain := chainOf(outcome); len(chain) > 0 {
		f.Signer = legible(chain[0].Subject.String())
	}
	if err == nil {
		f.Reason = provider.Verified
		return f
	}
	w.refuse(&f, outcome, err)
	return f
}

// refuse names why the judge said no, by the check that ended the judgement.
func (w *witness) refuse(f *finding, outcome *notation.VerificationOutcome, err error) {
	if critical, ok := errors.AsType[criticalError](err); ok {
		f.refused(provider.Unsupported, "the signature has a critical attribute %q that needs a plugin", legible(fmt.Sprint(critical.key)))
		return
	}
	failed := enforced(outcome)
	if failed == nil {
		refuseBetween(f, outcome)
		return
	}
	switch failed.Type {
	case trustpolicy.TypeIntegrity:
		refuseIntegrity(f, failed.Error)
	case trustpolicy.TypeAuthenticity:
		w.refuseAuthenticity(f, failed.Error)
	case trustpolicy.TypeExpiry:
		f.refused(provider.Expired, "the signature expired on %s", day(outcome.EnvelopeContent.SignerInfo.SignedAttributes.Expiry))
	case trustpolicy.TypeAuthenticTimestamp:
		w.refuseTimestamp(f, outcome)
	case trustpolicy.TypeRevocation:
		w.signing.refuse(f, "signing")
	default:
		f.undecidedAt(err)
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
func refuseBetween(f *finding, outcome *notation.VerificationOutcome) {
	passed := func(r *notation.ValidationResult) bool { return r.Type == trustpolicy.TypeAuthenticity }
	if !slices.ContainsFunc(outcome.VerificationResults, passed) {
		f.refused(provider.Unsupported, "the signature needs a verification plugin; none is ever run here")
		return
	}
	f.refused(provider.Tampered, "the signature is for another artifact")
}

const brokenEnvelope = "the envelope is broken or was changed after signing"

// refuseIntegrity tells an algorithm that is unknown from an envelope that is broken.
func refuseIntegrity(f *finding, err error) {
	if _, ok := errors.AsType[notation.VerificationInconclusiveError](err); ok {
		f.refused(provider.Unsupported, "the envelope uses an algorithm that is not supported")
		return
	}
	f.refused(provider.Tampered, brokenEnvelope)
}

// noTrust says that no certificate of a chain is trusted.
func (w *witness) noTrust(signer string) error {
	return fmt.Errorf("signed by %s, whose certificate chain ends in none of the trust stores of policy %q", printable.Quote(signer), w.policy.Name())
}

func (w *witness) refuseAuthenticity(f *finding, err error) {
	_, stranger := errors.AsType[*signature.SignatureAuthenticityError](err)
	_, noStore := errors.AsType[notation.VerificationInconclusiveError](err)
	if stranger || noStore {
		f.refused(provider.Untrusted, "%s", w.noTrust(f.Signer))
		return
	}
	f.refused(provider.Untrusted, "signed by %s, who is none of the trusted identities of policy %q", printable.Quote(f.Signer), w.policy.Name())
}

// refuseTimestamp tells why time speaks against a signature: the TSA's revocation
// is unknown or known, a certificate is out of its time, or the policy always
// wants a timestamp and there is no good one.
func (w *witness) refuseTimestamp(f *finding, outcome *notation.VerificationOutcome) {
	if w.timestamping.asked && !w.timestamping.Good() {
		w.timestamping.refuse(f, "timestamping")
		return
	}
	for _, c := range chainOf(outcome) {
		switch now := time.Now(); {
		case now.After(c.NotAfter):
			f.refused(provider.Expired, "the certificate %s expired on %s and no valid timestamp shows that the signature is older", printable.Quote(legible(c.Subject.String())), day(c.NotAfter))
			return
		case now.Before(c.NotBefore):
			f.refused(provider.Expired, "the certificate %s is not valid before %s", printable.Quote(legible(c.Subject.String())), day(c.NotBefore))
			return
		}
	}
	if outcome.EnvelopeContent.SignerInfo.SignedAttributes.SigningScheme == signature.SigningSchemeX509SigningAuthority {
		f.refused(provider.Expired, "a certificate of %s was not valid at the time of signing", printable.Quote(f.Signer))
		return
	}
	f.refused(provider.Untrusted, "policy %q always wants a timestamp, and the signature has none that is valid", w.policy.Name())
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
