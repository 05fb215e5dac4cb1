package verifier

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/notaryproject/notation-core-go/revocation/result"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// ledger is what was said of the revocation of one chain.
type ledger struct {
	asked   bool
	err     error
	revoked string // whose certificate is
	unknown error  // why nobody knows

	chain []*x509.Certificate // which is asked about

	mu      sync.Mutex // certificates are asked about at once
	next    time.Time
	recheck time.Time
	answers []ocspAnswer           // all, as they came
	lists   map[listKey]fetchedCRL // fresh ones
}

// ledgerOf returns the ledger that a request for revocation belongs to.
func ledgerOf(ctx context.Context) *ledger {
	l, ok := ctx.Value(ledgerKey{}).(*ledger)
	if !ok {
		return &ledger{}
	}
	return l
}

// issuer is whose list is told to be at a URL; nil if no certificate of the chain says so.
func (l *ledger) issuer(url string) *x509.Certificate {
	for i := range max(len(l.chain)-1, 0) {
		if slices.Contains(l.chain[i].CRLDistributionPoints, url) {
			return l.chain[i+1]
		}
	}
	return nil
}

func (l *ledger) note(subject string, r *result.CertRevocationResult) {
	switch r.Result {
	case result.ResultOK, result.ResultNonRevokable:
	case result.ResultRevoked:
		l.revoked = legible(subject)
	default:
		l.unknown = fmt.Errorf("certificate %q: %w", subject, lastError(r))
	}
}

func lastError(r *result.CertRevocationResult) error {
	for i := len(r.ServerResults) - 1; i >= 0; i-- {
		if err := r.ServerResults[i].Error; err != nil {
			return err
		}
	}
	return errors.New("no answer")
}

func (l *ledger) good() bool { return l.err == nil && l.revoked == "" && l.unknown == nil }

// refuse names what the ledger says against a chain. Unknown is ignorance: never
// a refusal that would be remembered, and never a pass.
func (l *ledger) refuse(f *finding, chain string) {
	switch {
	case l.revoked != "":
		f.refused(provider.Revoked, "the certificate %q of the %s chain is revoked", l.revoked, chain)
	case l.unknown != nil:
		f.undecidedAt(provider.Undecided(provider.StageRevocation, l.unknown, "neither OCSP nor CRL told whether the %s chain is revoked", chain))
	default:
		f.undecidedAt(provider.Undecided(provider.StageRevocation, l.err, "the revocation of the %s chain could not be checked", chain))
	}
}

// nextUpdate is when the first of the answers is superseded; zero if there were none.
func (l *ledger) nextUpdate() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// recheckAt is when the first of the answers is too old to go by; zero if there were none.
func (l *ledger) recheckAt() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recheck
}

// lapse keeps the earliest time at which an answer is too old.
func (l *ledger) lapse(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recheck.IsZero() || at.Before(l.recheck) {
		l.recheck = at
	}
}

// bound keeps the earliest next update.
func (l *ledger) bound(next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !next.IsZero() && (l.next.IsZero() || next.Before(l.next)) {
		l.next = next
	}
}

func (l *ledger) holdAnswer(a ocspAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
}

func (l *ledger) heldAnswers() []ocspAnswer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.answers)
}

func (l *ledger) holdList(key listKey, list fetchedCRL) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists == nil {
		l.lists = map[listKey]fetchedCRL{}
	}
	l.lists[key] = list
}

// reset makes the ledger blank for the next signature.
func (l *ledger) reset() {
	l.asked, l.err, l.revoked, l.unknown = false, nil, "", nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next, l.recheck, l.answers, l.lists = time.Time{}, time.Time{}, nil, nil
}
