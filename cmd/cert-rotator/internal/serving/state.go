package serving

import (
	"crypto/x509"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
)

// The keys of the Secret. The server's volume has the first two only.
const (
	CertKey   = "tls.crt"     // the serving certificate
	KeyKey    = "tls.key"     // its private key
	CAKey     = "ca.crt"      // the CA that issued it
	CAKeyKey  = "ca.key"      // its private key
	NextKey   = "next-ca.crt" // the CA that is to follow
	NextKeyKy = "next-ca.key" // its private key
	OldKey    = "old-ca.crt"  // CAs that replicas may still serve with; their private keys are gone
)

// The annotations of the Secret. Times are in RFC 3339.
const (
	prefix = "cert-rotator.notation-provider/"

	// StepAnnotation says how far a change of the CA has come.
	StepAnnotation = prefix + "step"
	// SinceAnnotation says since when.
	SinceAnnotation = prefix + "since"
	// InForceAnnotation is the fingerprint of the CA in ca.crt that Gatekeeper is known to
	// trust. A CA that is not named here issues nothing.
	InForceAnnotation = prefix + "ca-in-force"
	// OldUntilAnnotation says when the last certificate of an old CA expires.
	OldUntilAnnotation = prefix + "old-until"
	// RotateAnnotation asks for a new CA, if it says "ca".
	RotateAnnotation = prefix + "rotate"
)

// Step is how far a change of the CA has come.
type Step string

// The steps, in their order.
const (
	Idle        Step = "idle"
	Staged      Step = "staged"
	Distributed Step = "distributed"
	Issued      Step = "issued"
	Dropping    Step = "dropping"
)

// Steps are all of them.
func Steps() []Step { return []Step{Idle, Staged, Distributed, Issued, Dropping} }

// maxOld is how many old CAs are kept at most: far more than one change leaves behind.
const maxOld = 8

// State is what the Secret says.
type State struct {
	// Current is the CA that may issue. None, if there is none that Gatekeeper is known to trust.
	Current authority.Pair
	// Next is the CA that is to follow.
	Next authority.Pair
	// Old are CAs that replicas may still serve with.
	Old []*x509.Certificate
	// Leaf is the serving certificate.
	Leaf authority.Pair

	Step     Step
	Since    time.Time
	OldUntil time.Time
	// Rotate tells that somebody asks for a new CA.
	Rotate bool
	// Repairs say what was not as the rotator leaves it, a line each.
	Repairs []string
}

// Read reads the data and annotations of the Secret. What cannot be used is left out, and
// Repairs says so; a CA certificate that is readable is kept as an old one.
func (r Rules) Read(data map[string][]byte, annotations map[string]string, now time.Time) State {
	s := State{Step: Step(annotations[StepAnnotation]), Rotate: annotations[RotateAnnotation] == "ca"}
	s.readCurrent(data, annotations[InForceAnnotation], now)
	s.Next = s.pair(data, NextKey, NextKeyKy, now)
	if old, all := readable(data[OldKey]); len(old) > 0 || !all {
		s.Old = append(s.Old, old...)
		s.repairUnless(all, OldKey+" cannot be read in full")
	}
	s.Old = useful(s.Old, s.known(), now)
	s.Leaf, _ = authority.Read(data[CertKey], data[KeyKey])
	r.readTimes(&s, annotations, now)
	return s
}

// readCurrent takes the CA as the current one, if it may issue. Else it is an old one: what
// it issued may still be served.
func (s *State) readCurrent(data map[string][]byte, inForce string, now time.Time) {
	current := s.pair(data, CAKey, CAKeyKey, now)
	if !current.None() && authority.Fingerprint(current.Cert) == inForce {
		s.Current = current
		return
	}
	s.repairUnless(current.None(), CAKey+" is not the CA that was put in force")
	kept, _ := readable(data[CAKey])
	s.Old = append(s.Old, kept...)
}

func (s *State) pair(data map[string][]byte, certKey, keyKey string, now time.Time) authority.Pair {
	if len(data[certKey]) == 0 && len(data[keyKey]) == 0 {
		return authority.Pair{}
	}
	pair, err := authority.Read(data[certKey], data[keyKey])
	if err == nil {
		err = pair.CheckCA(now)
	}
	if err != nil {
		s.Repairs = append(s.Repairs, certKey+" cannot be used: "+err.Error())
		return authority.Pair{}
	}
	return pair
}

// readTimes reads the step with its times, and corrects what does not fit what is there.
func (r Rules) readTimes(s *State, annotations map[string]string, now time.Time) {
	fits := []Step{Idle}
	switch {
	case !s.Next.None():
		fits = []Step{Staged, Distributed}
	case len(s.Old) > 0:
		fits = []Step{Issued, Dropping}
	}
	since, err := time.Parse(time.RFC3339, annotations[SinceAnnotation])
	if !slices.Contains(fits, s.Step) || err != nil || since.After(now.Add(maxSkew)) {
		if len(annotations[StepAnnotation]) > 0 || fits[0] != Idle {
			s.Repairs = append(s.Repairs, "the step is taken for "+string(fits[0])+", since now")
		}
		s.Step, since = fits[0], now
	}
	s.Since = since
	if len(s.Old) == 0 {
		return
	}
	if s.OldUntil, err = time.Parse(time.RFC3339, annotations[OldUntilAnnotation]); err != nil {
		s.OldUntil = r.servedUntil(*s, now)
		s.Repairs = append(s.Repairs, "when the old CA's last certificate expires is taken for the latest possible")
	}
}

// Write writes a state into the data and annotations of the Secret. What the rotator does
// not know stays, and so does a serving certificate if the state has none.
func (s State) Write(data map[string][]byte, annotations map[string]string) {
	set(data, CAKey, s.Current.CertPEM)
	set(data, CAKeyKey, s.Current.KeyPEM)
	set(data, NextKey, s.Next.CertPEM)
	set(data, NextKeyKy, s.Next.KeyPEM)
	set(data, OldKey, authority.PEM(s.Old...))
	if !s.Leaf.None() {
		data[CertKey], data[KeyKey] = s.Leaf.CertPEM, s.Leaf.KeyPEM
	}
	annotations[StepAnnotation] = string(s.Step)
	annotations[SinceAnnotation] = s.Since.UTC().Format(time.RFC3339Nano)
	delete(annotations, InForceAnnotation)
	delete(annotations, OldUntilAnnotation)
	if !s.Current.None() {
		annotations[InForceAnnotation] = authority.Fingerprint(s.Current.Cert)
	}
	if len(s.Old) > 0 {
		annotations[OldUntilAnnotation] = s.OldUntil.UTC().Format(time.RFC3339Nano)
	}
	if !s.Rotate {
		delete(annotations, RotateAnnotation)
	}
}

func set(data map[string][]byte, key string, value []byte) {
	if len(value) == 0 {
		delete(data, key)
		return
	}
	data[key] = value
}

func (s *State) repairUnless(fine bool, repair string) {
	if !fine {
		s.Repairs = append(s.Repairs, repair)
	}
}

// known are the certificates that no old one needs to repeat.
func (s State) known() []*x509.Certificate {
	var known []*x509.Certificate
	for _, p := range []authority.Pair{s.Current, s.Next} {
		if !p.None() {
			known = append(known, p.Cert)
		}
	}
	return known
}
