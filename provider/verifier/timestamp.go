package verifier

import (
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/tspclient-go"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// timestamped tells whether a timestamp was verified. The check whether the TSA's chain
// is revoked is the last step of that, and part of nothing else.
func (rec *recorder) timestamped() bool { return rec.timestamping.asked && rec.timestamping.Good() }

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

// refuseTimestamp names why the check of the time failed: the revocation of the TSA, known
// or unknown, a certificate outside its validity, or a policy that always wants a timestamp
// where there is no valid one.
func (rec *recorder) refuseTimestamp(r *signatureResult, outcome *notation.VerificationOutcome) {
	if rec.timestamping.asked && !rec.timestamping.Good() {
		rec.timestamping.refuse(r, "timestamping")
		return
	}
	for _, c := range chainOf(outcome) {
		switch now := time.Now(); {
		case now.After(c.NotAfter):
			r.refused(provider.Expired, unstamped(outcome)+"%s: %s", formatTime(c.NotAfter), printable.Quote(printable.Cut(c.Subject.String(), maxText)))
			return
		case now.Before(c.NotBefore):
			r.refused(provider.Expired, provider.DetailTooEarly+"%s: %s", formatTime(c.NotBefore), printable.Quote(printable.Cut(c.Subject.String(), maxText)))
			return
		}
	}
	if outcome.EnvelopeContent.SignerInfo.SignedAttributes.SigningScheme == signature.SigningSchemeX509SigningAuthority {
		r.refused(provider.Expired, "a certificate was not valid at the time of signing: %s", printable.Quote(r.Signer))
		return
	}
	r.refused(provider.Untrusted, provider.DetailNoTimestamp+"which policy %q wants of every signature", rec.policy.Name())
}

// unstamped says why no timestamp shows that a signature is older than the end of its certificate.
func unstamped(outcome *notation.VerificationOutcome) string {
	if len(outcome.EnvelopeContent.SignerInfo.UnsignedAttributes.TimestampSignature) == 0 {
		return provider.DetailUnstamped
	}
	return provider.DetailBadStamp
}
