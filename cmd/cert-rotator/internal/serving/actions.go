package serving

import (
	"crypto/x509"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

func wait(s State, after time.Duration, why string) Action {
	return Action{Name: "wait", Deed: Wait, State: s, After: after, Why: why}
}

func save(name string, s State, why string) Action {
	s.Repairs = nil
	return Action{Name: name, Deed: Save, State: s, Why: why}
}

// step saves that a step has begun.
func step(s State, w World, to Step, why string) Action {
	s.Step, s.Since = to, w.Now
	return save(string(to), s, why)
}

// create makes a CA and a certificate at once. There is no CA that anybody could serve with.
func (r Rules) create(s State, w World) (Action, error) {
	ca, err := authority.NewCA(w.Now, r.CAValidity)
	if err != nil {
		return Action{}, err
	}
	leaf, err := ca.Issue(w.Now, r.LeafValidity, r.Names)
	s.Current, s.Leaf, s.Rotate, s.Step, s.Since = ca, leaf, false, Idle, w.Now
	return save("create", s, "there is no CA yet"), err
}

// adopt takes CAs of the Providers as old ones.
func (r Rules) adopt(s State, w World) Action {
	s.OldUntil = r.servedUntil(s, w.Now)
	s.Old = useful(append(slices.Clone(s.Old), s.strangers(w)...), s.known(), w.Now)
	s.Step, s.Since = Issued, w.Now
	if !s.Next.None() {
		s.Step = Staged
	}
	return save("adopt", s, "the Providers hold a CA that the Secret does not know")
}

// renew issues a certificate by the current CA.
func (r Rules) renew(s State, w World, why string) (Action, error) {
	leaf, err := s.Current.Issue(w.Now, r.LeafValidity, r.Names)
	s.Leaf = leaf
	return save("renew", s, why), err
}

// stage makes the next CA.
func (r Rules) stage(s State, w World, why string) (Action, error) {
	next, err := authority.NewCA(w.Now, r.CAValidity)
	s.Next, s.Rotate = next, false
	return step(s, w, Staged, why), err
}

// publish writes the Providers. If one was changed after all of them held the next CA, they have to
// hold it for the whole of the time again. That is saved first.
func publish(s State, w World) Action {
	if s.Step == Distributed {
		return step(s, w, Staged, "a Provider was changed")
	}
	return Action{Name: "publish", Deed: Publish, State: s, Why: "a Provider has another caBundle"}
}

// issue makes the next CA the current one, and a certificate by it.
func (r Rules) issue(s State, w World) (Action, error) {
	s.OldUntil = r.servedUntil(s, w.Now)
	if !s.Current.None() {
		s.Old = useful(append(s.known()[:1], s.Old...), []*x509.Certificate{s.Next.Cert}, w.Now)
	}
	s.Current, s.Next = s.Next, authority.Pair{}
	leaf, err := s.Current.Issue(w.Now, r.LeafValidity, r.Names)
	s.Leaf = leaf
	to := Issued
	if len(s.Old) == 0 {
		to, s.OldUntil = Idle, time.Time{}
	}
	return step(s, w, to, "the new CA is in force"), err
}
