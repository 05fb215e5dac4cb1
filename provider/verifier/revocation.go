package verifier

import (
	"context"
	"errors"

	corerevocation "github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// revocationStatus is what CAs said of one chain of the current signature.
type revocationStatus struct {
	revocation.Status

	asked bool
}

// validator checks the chains of one purpose, and records their status. It implements notation-core-go's
// revocation.Validator.
type validator struct {
	checker *revocation.Checker
	purpose purpose.Purpose
	rec     *recorder
	status  *revocationStatus
}

// ValidateContext gives the room for decoding back before it asks a CA. notation calls it in the goroutine of its verifier.
func (v validator) ValidateContext(ctx context.Context, o corerevocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	v.rec.release()
	status, results, err := v.checker.Validate(ctx, v.purpose, o)
	*v.status = revocationStatus{status, true}
	return results, err
}

// RevocationEndpoints returns the OCSP responders and CRLs that were asked so far, and how they stand.
func (v *Verifier) RevocationEndpoints() []revocation.Endpoint { return v.revocation.Endpoints() }

// revokedAt goes before the name of the chain, the time and the certificate.
const revokedAt = "a certificate of its %s chain was revoked at "

// refuse names what the status says against a chain. An unknown status leaves the image undecided: it is never a refusal,
// which would be cached, and never a pass.
func (s *revocationStatus) refuse(r *signatureResult, chain string) {
	if s.Revoked != nil {
		r.refused(provider.Revoked, revokedAt+"%s%s: %s", chain, formatTime(s.Revoked.At), why(s.Revoked.Reason), printable.Quote(printable.Cut(s.Revoked.Subject, maxText)))
		return
	}
	if unknown, ok := errors.AsType[*revocation.UnknownError](s.Unknown); ok {
		r.undecidedBy(provider.Undecided(provider.CauseRevocation, unknown, "it is not known whether a certificate of its %s chain is revoked, %s; %s",
			chain, printable.Quote(printable.Cut(unknown.Subject, maxText)), unknown.Causes()))
		return
	}
	r.undecidedBy(provider.Undecided(provider.CauseRevocation, s.Unknown, "it is not known whether a certificate of its %s chain is revoked", chain))
}

// why is the reason of a revocation by its name in RFC 5280 section 5.3.1, in brackets; "" for one that says nothing.
func why(code int) string {
	names := [...]string{
		1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
		6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
	}
	if code < 0 || code >= len(names) || names[code] == "" {
		return ""
	}
	return " (" + names[code] + ")"
}
