package verifier

import (
	"errors"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// revocationStatus is what CAs said of one chain of the signature at hand.
type revocationStatus struct {
	revocation.Status

	asked bool
}

// record notes what the checker found.
func (s *revocationStatus) record(status revocation.Status) { s.Status, s.asked = status, true }

// refuse names what the status says against a chain. Unknown is ignorance: never a refusal that would be remembered, and
// never a pass.
func (s *revocationStatus) refuse(r *signatureResult, chain string) {
	if s.Revoked != nil {
		r.refused(provider.Revoked, "the certificate %q of the %s chain is revoked since %s", legible(s.Revoked.Subject), chain, s.Revoked.At.UTC().Format(time.DateTime+" UTC"))
		return
	}
	if unknown, ok := errors.AsType[*revocation.UnknownError](s.Unknown); ok {
		r.undecidedAt(provider.Undecided(provider.CauseRevocation, unknown, "it is not known whether the certificate %q of the %s chain is revoked: %s",
			legible(unknown.Subject), chain, unknown.Causes()))
		return
	}
	r.undecidedAt(provider.Undecided(provider.CauseRevocation, s.Unknown, "the revocation of the %s chain could not be checked", chain))
}
