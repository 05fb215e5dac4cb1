package controllers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
)

// kill cuts the rotator off at one of its writes from now on, counted from 1, just before or just
// after it. Another begins some seconds later.
func (w *world) kill(at int, after bool, pause int) {
	cut, writes := false, 0
	w.handle.before = func(write bool) error {
		if cut || write && !after && writes+1 == at {
			return w.die(&cut, pause)
		}
		return nil
	}
	w.handle.after = func() error {
		if writes++; after && writes == at {
			return w.die(&cut, pause)
		}
		return nil
	}
}

func (w *world) die(cut *bool, pause int) error {
	if !*cut {
		*cut = true
		w.dead = w.now.Add(time.Duration(pause) * time.Second)
	}
	return errCut
}

// writes counts what one change writes when no rotator is killed.
func writes(t *testing.T, name string, change func(*world)) int {
	w := install(t, name)
	w.settled()
	change(w)
	count := 0
	w.handle.after = func() error { count++; return nil }
	w.settled()
	return count
}

// A rotator that is killed at any write of any change is continued by another. So is one
// that is killed twice.
func TestKilledAtEveryWrite(t *testing.T) {
	t.Parallel()
	for name, change := range changes() {
		n := writes(t, name, change)
		for at := range n {
			for _, after := range []bool{false, true} {
				for _, pause := range []int{0, 150} {
					w := install(t, fmt.Sprintf("%s, killed at write %d of %d (after it: %t), for %d seconds", name, at+1, n, after, pause))
					w.settled()
					w.handle.before, w.handle.after = nil, nil
					change(w)
					w.kill(at+1, after, pause)
					w.seconds(20)
					w.kill(1+at/2, !after, pause/2)
					w.settled()
				}
			}
		}
	}
}

// A rotator may stop in the middle of a step, and go on much later without knowing that another has
// taken over. It undoes nothing of what that one did.
func TestOneThatDoesNotKnowItWasReplaced(t *testing.T) {
	t.Parallel()
	for before := range 10 {
		for call := range 8 {
			for _, pause := range []int{1, 50} {
				w := install(t, fmt.Sprintf("replaced %d seconds into the change, at call %d, for %d seconds", 5*before, call, pause))
				w.settled()
				w.rotate()
				w.seconds(5 * before)
				calls := 0
				late := w.newRotator(&handle{api: w.api, before: func(bool) error {
					if calls++; calls == call+1 {
						w.begin()
						w.seconds(pause)
					}
					if calls > call+1+2 { // it goes on for some calls, then is told by the API server that it is not the leader
						return errCut
					}
					return nil
				}})
				_, _ = late.Reconcile(context.Background(), reconcile.Request{})
				w.settled()
			}
		}
	}
}

// The Secret comes back from a backup, of any step of an earlier change.
func TestRestoredSecret(t *testing.T) {
	t.Parallel()
	for wait := 0; wait < 60; wait += 4 {
		w := install(t, fmt.Sprintf("restored as it was %d seconds into an earlier change", wait))
		// The one thing that the rotator cannot help: a replica that takes up the restored
		// certificate before Gatekeeper has taken up its CA.
		w.gatekeepers = []*gatekeeper{{every: 1}, {every: 1}}
		w.settled()
		w.rotate()
		w.seconds(wait)
		backup := w.secret()
		w.settled()
		w.rotate()
		w.settled()
		w.lenient = true
		w.put(backup)
		w.reconcile()
		w.second()
		w.lenient = false
		w.settled()
	}
}

// A replica that cannot be asked keeps the old CA in the Providers until the last of its
// certificates has expired.
func TestReplicaThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := install(t, "a replica that cannot be asked")
	w.settled()
	w.rotate()
	w.seconds(5)
	stuck := w.replicas[1]
	stuck.silent, stuck.every = true, 1<<30
	w.seconds(800)
	if w.step() != serving.Issued {
		t.Errorf("the step is %q while a replica may serve with the old CA", w.step())
	}
	w.seconds(200)
	w.settled()
}

// In days with everything that can happen, no certificate that is served goes untrusted.
func TestBadDays(t *testing.T) {
	t.Parallel()
	all := changes()
	names := []string{"asked for", "the CA's key is damaged", "the CA's key is another's", "the Secret is emptied", "the Secret loses all but its certificate"}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := install(t, fmt.Sprintf("days of seed %d", seed))
		w.seconds(60)
		for range 60 {
			w.seconds(random.IntN(60))
			switch random.IntN(6) {
			case 0:
				all[names[random.IntN(len(names))]](w)
			case 1, 2:
				w.kill(1+random.IntN(3), random.IntN(2) == 0, random.IntN(100))
			case 3:
				w.begin()
			case 4: // a replica starts again
				w.replicas[random.IntN(2)].serves = nil
			case 5:
				w.reconcile()
			}
		}
		w.seconds(100)
		w.settled()
	}
}
