package serving_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/authority"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func rules() serving.Rules {
	return serving.Rules{
		Names: []string{"a.svc"}, CAValidity: 3000 * time.Hour, LeafValidity: 300 * time.Hour,
		Settle: 30 * time.Second, SettleAtMost: time.Minute, ServingAtLeast: time.Minute, LookInterval: time.Second,
	}
}

// secret is a Secret that a state is written into and read from.
type secret struct {
	data        map[string][]byte
	annotations map[string]string
}

func empty() secret { return secret{map[string][]byte{}, map[string]string{}} }

func (s secret) read(at time.Time) serving.State { return rules().Read(s.data, s.annotations, at) }

// next does what is to be done with the Secret, and tells what it was.
func (s secret) next(t *testing.T, w serving.World) serving.Action {
	t.Helper()
	action, err := rules().Next(s.read(w.Now), w)
	if err != nil {
		t.Fatal(err)
	}
	if action.Deed == serving.Save {
		action.State.Write(s.data, s.annotations)
	}
	return action
}

// holding is a Provider that the rotator wrote.
func holding(s serving.State) serving.World {
	bundle := s.Bundle()
	return serving.World{Now: now, Providers: []serving.Provider{{Name: "p", Bundle: bundle, Written: serving.Digest(bundle)}}}
}

// A change of the CA takes these steps, and no others.
func TestStepsOfAChange(t *testing.T) {
	s := empty()
	var names []string
	w := serving.World{Now: now, Providers: []serving.Provider{{Name: "p"}}}
	for range 200 {
		action := s.next(t, w)
		names = append(names, action.Name)
		if action.Name == "issued" && len(action.State.Old) != 1 {
			t.Errorf("%d CAs are old when the new one issues, want 1", len(action.State.Old))
		}
		switch {
		case action.Deed == serving.Publish:
			w.Providers = holding(action.State).Providers
		case action.Deed == serving.Wait && action.State.Step == serving.Issued:
			w.Now = w.Now.Add(action.After)
			w.NewSince = w.Now.Add(-time.Minute)
		case action.Deed == serving.Wait && action.State.Step == serving.Idle && len(names) < 5:
			s.annotations[serving.RotateAnnotation] = "ca"
		case action.Deed == serving.Wait && action.State.Step == serving.Idle:
			want := "create publish wait staged publish distributed wait issued"
			if got := strings.Join(slices.Compact(names), " "); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "wait dropping publish idle wait") {
				t.Errorf("the steps were: %s", got)
			}
			return
		default:
			w.Now = w.Now.Add(action.After)
		}
	}
	t.Errorf("it does not end: %q", names)
}

// Of very many CAs in a Provider some are taken up, and the rest does not hold up anything.
func TestVeryManyCAsInAProvider(t *testing.T) {
	s := empty()
	s.next(t, serving.World{Now: now})
	var many []byte
	for range 20 {
		ca, err := authority.NewCA(now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		many = append(many, ca.CertPEM...)
	}
	w := serving.World{Now: now, Providers: []serving.Provider{{Name: "p", Bundle: many}}}
	if action := s.next(t, w); action.Name != "adopt" || len(action.State.Old) != 8 {
		t.Errorf("%s: %d old CAs", action.Name, len(action.State.Old))
	}
	if action := s.next(t, w); action.Deed != serving.Publish {
		t.Errorf("then %s", action.Name)
	}
}

// A Provider that holds the right caBundle, but not the note of who wrote it, gets that. Else what
// somebody adds later would pass for the rotator's own.
func TestProviderWithoutNote(t *testing.T) {
	s := empty()
	s.next(t, serving.World{Now: now})
	w := holding(s.read(now))
	if action := s.next(t, w); action.Deed != serving.Wait {
		t.Errorf("with the note: %s", action.Name)
	}
	w.Providers[0].Written = ""
	if action := s.next(t, w); action.Deed != serving.Publish {
		t.Errorf("without the note: %s", action.Name)
	}
}

// Rules that cannot work are refused.
func TestCheckRules(t *testing.T) {
	if err := rules().Check(); err != nil {
		t.Error(err)
	}
	for _, tc := range []struct {
		says   string
		change func(*serving.Rules)
	}{
		{"no DNS name", func(r *serving.Rules) { r.Names = nil }},
		{"cannot be valid for 0s", func(r *serving.Rules) { r.LeafValidity = 0 }},
		{"more than a third", func(r *serving.Rules) { r.LeafValidity = r.CAValidity/3 + 1 }},
		{"is negative", func(r *serving.Rules) { r.ServingAtLeast = -1 }},
		{"none between looks", func(r *serving.Rules) { r.LookInterval = 0 }},
		{"below the shortest", func(r *serving.Rules) { r.SettleAtMost = r.Settle - 1 }},
	} {
		r := rules()
		tc.change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%v, want %q", err, tc.says)
		}
	}
}
