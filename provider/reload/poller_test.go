package reload_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// source answers each Reload with the next of its answers, the last one for ever.
type source struct {
	name    string
	answers []answer
	calls   int
}

type answer struct {
	changed bool
	err     error
}

func (s *source) Name() string { return s.name }

func (s *source) Reload() (bool, error) {
	a := s.answers[min(s.calls, len(s.answers)-1)]
	s.calls++
	return a.changed, a.err
}

// polled runs a poller over sources for n intervals of a second and returns
// what it logged, what was observed, and how the sources stand.
func polled(t *testing.T, n int, sources ...reload.Source) (log string, observed []string, status []reload.Status) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		observe := func(source, outcome string) { observed = append(observed, source+" "+outcome) }
		p := reload.New(time.Second, slog.New(slog.NewTextHandler(&out, nil)), observe, sources...)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(time.Duration(n)*time.Second + time.Millisecond)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		log, status = out.String(), p.Status()
	})
	return log, observed, status
}

func TestEachSourceIsAskedOnceAnInterval(t *testing.T) {
	a := &source{name: "a", answers: []answer{{}, {changed: true}, {}}}
	b := &source{name: "b", answers: []answer{{err: errors.New("broken")}}}
	_, observed, _ := polled(t, 3, a, b)
	want := []string{"a unchanged", "b failed", "a changed", "b failed", "a unchanged", "b failed"}
	if !slices.Equal(observed, want) {
		t.Errorf("got %q, want %q", observed, want)
	}
}

func TestOnlyNewsIsLogged(t *testing.T) {
	one, other := errors.New("one thing"), errors.New("another thing")
	s := &source{name: "trust", answers: []answer{
		{}, {changed: true}, {}, {err: one}, {err: one}, {err: other}, {err: other}, {}, {},
	}}
	log, _, _ := polled(t, 20, s)
	lines := strings.Split(strings.TrimSpace(log), "\n")
	want := []string{"reloaded", "one thing", "another thing", "works again"}
	if len(lines) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(want), log)
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) || !strings.Contains(line, "source=trust") {
			t.Errorf("line %d is %s, want one about %q", i, line, want[i])
		}
	}
}

// noter says more of its files with each call of Reload.
type noter struct {
	source
	notes [][]string
}

func (n *noter) Notes() []string { return n.notes[min(n.calls, len(n.notes)-1)] }

// A note on files in force is logged when it is new, and the status has it.
func TestNotesAreLoggedOnce(t *testing.T) {
	s := &noter{source{name: "trust", answers: []answer{{changed: true}, {}, {changed: true}, {}}}, [][]string{nil, {"README was not read"}, {"README was not read"}, {"README was not read", "ca.key was not read"}}}
	log, _, status := polled(t, 5, s)
	if strings.Count(log, "README was not read") != 1 || strings.Count(log, "ca.key was not read") != 1 || strings.Count(log, "level=WARN") != 2 {
		t.Errorf("logged:\n%s", log)
	}
	if got := status[0]; got.Err != nil || !slices.Equal(got.Notes, s.notes[3]) {
		t.Errorf("status %+v", got)
	}
}

func TestStatusSaysWhatIsBrokenAndSinceWhen(t *testing.T) {
	well := &source{name: "well", answers: []answer{{changed: true}}}
	healed := &source{name: "healed", answers: []answer{{err: errors.New("x")}, {}}}
	broken := &source{name: "broken", answers: []answer{{}, {}, {err: errors.New("x")}, {err: errors.New("y")}}}
	_, _, status := polled(t, 5, well, healed, broken)

	start := status[0].Since
	for i, want := range []struct {
		source string
		err    string
		after  time.Duration
	}{{"well", "", 0}, {"healed", "", 2 * time.Second}, {"broken", "y", 3 * time.Second}} {
		got := status[i]
		if got.Source != want.source || got.Since.Sub(start) != want.after {
			t.Errorf("got %s after %v, want %s after %v", got.Source, got.Since.Sub(start), want.source, want.after)
		}
		if (got.Err == nil) != (want.err == "") || got.Err != nil && got.Err.Error() != want.err {
			t.Errorf("%s: got error %v, want %q", got.Source, got.Err, want.err)
		}
	}
}

func TestStatusAnswersWhileASourceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := reload.New(time.Second, slog.New(slog.DiscardHandler), nil, hanging(release))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(2 * time.Second)
		if got := p.Status(); len(got) != 1 || got[0].Err != nil {
			t.Errorf("got %v", got)
		}
		close(release)
		cancel()
		<-done
	})
}

type hanging chan struct{}

func (h hanging) Name() string          { return "hanging" }
func (h hanging) Reload() (bool, error) { <-h; return false, nil }

// hashed has a hash that counts its calls of Reload.
type hashed struct{ source }

func (h *hashed) Hash() []byte { return []byte{byte(h.calls)} }

// The status has the hash of what is in force, and when that was taken over: not when it was last looked at.
func TestStatusSaysWhatIsInForceAndSinceWhen(t *testing.T) {
	a := &hashed{source{name: "a", answers: []answer{{}, {changed: true}, {}, {err: errors.New("broken")}}}}
	b := &source{name: "b", answers: []answer{{}}}
	_, _, status := polled(t, 5, a, b)
	if loaded := status[0].Loaded.Sub(status[1].Loaded); loaded != 2*time.Second {
		t.Errorf("a was taken over %s after the start, want 2s", loaded)
	}
	if !bytes.Equal(status[0].Hash, []byte{5}) || status[1].Hash != nil {
		t.Errorf("hashes are %v and %v", status[0].Hash, status[1].Hash)
	}
}
