package verifier

import (
	"errors"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// revocationStatus is what CAs said of one chain of the current signature.
type revocationStatus struct {
	revocation.Status

	asked bool
}

// record keeps the status that the checker found.
func (s *revocationStatus) record(status revocation.Status) { s.Status, s.asked = status, true }

// refuse names what the status says against a chain. An unknown status leaves the image undecided: it is never a refusal,
// which would be cached, and never a pass.
func (s *revocationStatus) refuse(r *signatureResult, chain string) {
	if s.Revoked != nil {
		r.refused(provider.Revoked, "the certificate %q of the %s chain is revoked since %s", printable.Cut(s.Revoked.Subject, maxText), chain, s.Revoked.At.UTC().Format(time.DateTime+" UTC"))
		return
	}
	if unknown, ok := errors.AsType[*revocation.UnknownError](s.Unknown); ok {
		r.undecidedBy(provider.Undecided(provider.CauseRevocation, unknown, "it is not known whether the certificate %q of the %s chain is revoked: %s",
			printable.Cut(unknown.Subject, maxText), chain, unknown.Causes()))
		return
	}
	r.undecidedBy(provider.Undecided(provider.CauseRevocation, s.Unknown, "the revocation of the %s chain could not be checked", chain))
}
