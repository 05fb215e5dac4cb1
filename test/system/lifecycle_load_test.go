package system

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Three ask at a time, each fifty times a second if it gets its answers, and over new connections now and then.
const (
	callers     = 3
	pace        = 20 * time.Millisecond
	reconnectAt = 25
)

// askers ask one server all the time. A request that gets no answer, or another one than it should, fails the test.
type askers struct {
	asker            *rig.GatekeeperClient
	signed, unsigned rig.Image

	answered atomic.Int64 // rightly
	end      func()       // makes all stop asking, and waits for what they asked last
}

func ask(t *testing.T, asker *rig.GatekeeperClient, signed, unsigned rig.Image) *askers {
	t.Helper()
	asker.Timeout = int(rig.Patience / time.Second)
	a := &askers{asker: asker, signed: signed, unsigned: unsigned}
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	for range callers {
		asking.Go(func() {
			if err := a.run(ctx); err != nil {
				t.Errorf("of those who ask all the time: %v", err)
			}
		})
	}
	a.end = sync.OnceFunc(func() {
		cancel()
		asking.Wait()
		asker.Close()
		if a.answered.Load() == 0 {
			t.Error("no request was answered")
		}
	})
	t.Cleanup(a.end)
	a.more(t)
	return a
}

// run asks until ctx is done.
func (a *askers) run(ctx context.Context) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := a.once(n); err != nil {
			return err
		}
		a.answered.Add(1)
		if n%reconnectAt == 0 {
			a.asker.Close()
		}
	}
}

// once asks one question and checks the answer. What is asked last is asked to its end, whatever ends in between.
func (a *askers) once(n int) error {
	if n%4 == 0 {
		return a.mutate()
	}
	const malformed = "Not An Image!"
	answer, err := a.asker.Validate(context.Background(), a.signed.Tagged(), a.signed.Pinned(), a.unsigned.Pinned(), malformed)
	if err != nil {
		return fmt.Errorf("lost: %w", err)
	}
	verified := 0
	for _, key := range []string{a.signed.Tagged(), a.signed.Pinned()} {
		item := answer.Items[key]
		if value, ok := item.Value.(map[string]any); ok && item.Error == "" && value["verified"] == true && value["digest"] == a.signed.Descriptor.Digest.String() {
			verified++
		}
	}
	if answer.Status != http.StatusOK || answer.SystemError != "" || len(answer.Keys) != 4 || verified != 2 ||
		!strings.HasPrefix(answer.Items[a.unsigned.Pinned()].Error, "unsigned: ") || !strings.HasPrefix(answer.Items[malformed].Error, "malformed: ") {
		return fmt.Errorf("wrong: %+v", answer)
	}
	return nil
}

func (a *askers) mutate() error {
	answer, err := a.asker.Mutate(context.Background(), a.signed.Tagged())
	if err != nil {
		return fmt.Errorf("lost: %w", err)
	}
	item := answer.Items[a.signed.Tagged()]
	if want := a.signed.Tagged() + "@" + a.signed.Descriptor.Digest.String(); answer.Status != http.StatusOK || answer.SystemError != "" || item.Error != "" || item.Value != want {
		return fmt.Errorf("wrong: %+v", answer)
	}
	return nil
}

// more waits until some that were asked after now have been answered: two rounds, as all may be in the middle of one.
func (a *askers) more(t *testing.T) {
	t.Helper()
	want := a.answered.Load() + 3*callers
	rig.Eventually(t, "some more were answered", func() error {
		if got := a.answered.Load(); got < want {
			return fmt.Errorf("%d answers, not yet %d", got, want)
		}
		return nil
	})
}
