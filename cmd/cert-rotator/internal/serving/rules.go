package serving

import (
	"errors"
	"fmt"
	"time"
)

// maxSkew is how far ahead the clock of the machine may be that wrote a time.
const maxSkew = 5 * time.Minute

// Rules say what certificates to make, and how long each step takes.
type Rules struct {
	// Names are the DNS names of the serving certificate. At least one.
	Names []string

	// CAValidity is how long a CA is valid. It is changed when two thirds of that are over.
	CAValidity time.Duration
	// LeafValidity is how long a serving certificate is valid: at most a third of
	// CAValidity. It is renewed when two thirds of that are over.
	LeafValidity time.Duration

	// Settle is how long Gatekeeper's replicas are given to take up a new caBundle, which
	// they watch, before a certificate is issued that needs it.
	Settle time.Duration
	// SettleAtMost is how long a replica of Gatekeeper is waited for that reports, in the status of
	// a Provider, an older caBundle. Its report may be left over from a replica that is gone. At
	// least Settle.
	SettleAtMost time.Duration
	// ServingAtLeast is how long an old CA stays in any case after a certificate of the new one was
	// issued. A replica that the lookup does not list yet may start with what its node holds of the
	// Secret, for a minute or two.
	ServingAtLeast time.Duration
	// LookInterval is the time between two looks at what the replicas serve. Two in a row
	// must show the new CA everywhere.
	LookInterval time.Duration
}

// Check returns what is wrong with the rules.
func (r Rules) Check() error {
	switch {
	case len(r.Names) == 0:
		return errors.New("the serving certificate has no DNS name")
	case r.LeafValidity <= 0:
		return fmt.Errorf("a certificate cannot be valid for %s", r.LeafValidity)
	case r.LeafValidity > r.CAValidity/3:
		return fmt.Errorf("certificates are valid for %s, which is more than a third of the CA's %s: the CA would expire before them", r.LeafValidity, r.CAValidity)
	case r.Settle < 0, r.ServingAtLeast < 0, r.LookInterval <= 0:
		return errors.New("a time to wait is negative, or there is none between looks")
	case r.SettleAtMost < r.Settle:
		return fmt.Errorf("the longest time to settle, %s, is below the shortest, %s", r.SettleAtMost, r.Settle)
	}
	return nil
}

// servedUntil is when the last certificate expires that was issued so far.
func (r Rules) servedUntil(s State, now time.Time) time.Time {
	until := now.Add(r.LeafValidity)
	if !s.Leaf.None() && s.Leaf.Cert.NotAfter.After(until) {
		until = s.Leaf.Cert.NotAfter
	}
	if s.OldUntil.After(until) {
		until = s.OldUntil
	}
	return until
}
