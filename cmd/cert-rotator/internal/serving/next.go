package serving

import (
	"slices"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

// Deed is what kind of thing is to be done.
type Deed int

// The deeds.
const (
	// Wait until Action.After, or until something changes.
	Wait Deed = iota
	// Save Action.State into the Secret.
	Save
	// Publish the bundle of Action.State to the Providers that do not hold it.
	Publish
)

// Action is the next thing to be done.
type Action struct {
	// Name is one word for logs and metrics.
	Name string
	Deed Deed
	// State is what is so, or what is to be saved.
	State State
	// After is how long to wait.
	After time.Duration
	// Why says why it is done, or what is waited for.
	Why string
}

// recheck is the longest time to wait: what was missed is found then.
const recheck = 10 * time.Minute

// Next is the next thing to be done. It must be called with Providers that were read before the
// Secret was. Then a rotator that was replaced without knowing it cannot undo what its successor
// did.
func (r Rules) Next(s State, w World) (Action, error) {
	strangers := s.strangers(w)
	switch {
	case s.Current.None() && s.Next.None() && len(s.Old)+len(strangers) == 0:
		return r.create(s, w)
	case len(strangers) > 0:
		return r.adopt(s, w), nil
	case len(s.Repairs) > 0:
		return save("repair", s, strings.Join(s.Repairs, "; ")), nil
	}
	if why := r.leafDue(s, w.Now); why != "" {
		return r.renew(s, w, why)
	}
	if !s.published(w) {
		return publish(s, w), nil
	}
	if why := r.caDue(s, w.Now); why != "" {
		return r.stage(s, w, why)
	}
	return r.proceed(s, w)
}

// proceed goes on with a change of the CA when the Providers are as they should be.
func (r Rules) proceed(s State, w World) (Action, error) {
	passed := w.Now.Sub(s.Since)
	switch s.Step {
	case Staged:
		return step(s, w, Distributed, "the Providers hold the new CA"), nil
	case Distributed:
		if passed < r.Settle {
			return wait(s, r.Settle-passed, "Gatekeeper is given time to take up the new caBundle"), nil
		}
		if w.lagging() && passed < r.SettleAtMost {
			return wait(s, min(r.LookInterval, r.SettleAtMost-passed), "a replica of Gatekeeper reports an older caBundle"), nil
		}
		return r.issue(s, w)
	case Issued:
		return r.retire(s, w, passed), nil
	case Dropping:
		s.Old, s.OldUntil = nil, time.Time{}
		return step(s, w, Idle, "the Providers hold the new CA alone"), nil
	case Idle:
	}
	return wait(s, r.untilDue(s, w.Now), "nothing is due"), nil
}

// retire drops the old CA when no replica serves with it.
func (r Rules) retire(s State, w World, passed time.Duration) Action {
	seen := !w.NewSince.IsZero() && w.Now.Sub(w.NewSince) >= r.LookInterval
	switch {
	case !w.Now.Before(s.OldUntil):
		return step(s, w, Dropping, "every certificate of the old CA has expired")
	case passed < r.ServingAtLeast:
		return wait(s, min(r.LookInterval, r.ServingAtLeast-passed), "replicas are given time to take up the new certificate")
	case seen:
		return step(s, w, Dropping, "all replicas serve with the new CA")
	}
	return wait(s, min(r.LookInterval, s.OldUntil.Sub(w.Now)), "not all replicas were seen to serve with the new CA")
}

// leafDue says why the serving certificate is to be issued again, by the current CA, or "".
func (r Rules) leafDue(s State, now time.Time) string {
	if s.Current.None() {
		return ""
	}
	if err := s.Leaf.CheckLeaf(now, s.Current.Cert, r.Names); err != nil {
		return "the serving certificate cannot be used: " + err.Error()
	}
	if !now.Before(authority.DueAt(s.Leaf.Cert)) {
		return "two thirds of the serving certificate's life are over"
	}
	return ""
}

// caDue says why a new CA is needed, or "".
func (r Rules) caDue(s State, now time.Time) string {
	due := func(p authority.Pair) bool { return !now.Before(authority.DueAt(p.Cert)) }
	switch {
	case !s.Next.None() && due(s.Next):
		return "two thirds of the next CA's life were over before it was used"
	case !s.Next.None():
		return ""
	case s.Current.None():
		return "there is no CA that may issue certificates"
	case due(s.Current):
		return "two thirds of the CA's life are over"
	case s.Rotate && s.Step == Idle:
		return "the annotation " + RotateAnnotation + " asks for it"
	}
	return ""
}

// untilDue is how long nothing is due.
func (r Rules) untilDue(s State, now time.Time) time.Duration {
	return min(recheck, slices.MinFunc([]time.Time{authority.DueAt(s.Current.Cert), authority.DueAt(s.Leaf.Cert)}, time.Time.Compare).Sub(now))
}
