package system

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// held is a question that the server cannot answer until it is let go.
type held struct {
	image  rig.Image
	letGo  func()
	answer chan *rig.Answer
	lost   chan error
}

// hold asks a question and returns when it is in flight.
func (l *life) hold(t *testing.T) held {
	t.Helper()
	image := l.PushImage(l.home, "production/fresh", "1")
	l.Sign(image, rig.Signature{})
	h := held{image: image, answer: make(chan *rig.Answer, 1), lost: make(chan error, 1)}
	before := l.home.Count()
	h.letGo = l.home.Inject(rig.Match{Path: "production/fresh"}, rig.Hang())
	asker := *l.askers.asker
	go func() {
		answer, err := asker.Validate(t.Context(), image.Tagged())
		if err != nil {
			h.lost <- err
			return
		}
		h.answer <- answer
	}()
	rig.Eventually(t, "the question is in flight", func() error {
		for _, request := range l.home.Requests()[before:] {
			if strings.Contains(request.Path, "production/fresh") {
				return nil
			}
		}
		return errors.New("the registry was not asked")
	})
	return h
}

// notReady waits until readiness has gone.
func (l *life) notReady(t *testing.T) {
	t.Helper()
	rig.Eventually(t, "readiness goes", func() error {
		if status, text := l.admin(t, "/readyz"); status != http.StatusServiceUnavailable || text != "not ready: draining\n" {
			return fmt.Errorf("readiness is %d %q", status, text)
		}
		return nil
	})
}

func TestTheServerEndsUnderLoadAndLosesNothing(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{drain: 8 * time.Second})
	h := l.hold(t)
	ended := make(chan error, 1)
	go func() { ended <- l.server.Stop() }()

	// A client that does not know yet that it is not ready is still answered, over new connections too.
	l.notReady(t)
	l.askers.more(t)
	status, _, err := l.enter(t, l.secured(l.ClientCert), question(about("none!")))
	if err != nil || status != http.StatusOK {
		t.Errorf("after readiness went: status %d, error %v", status, err)
	}
	l.askers.end()
	rig.Eventually(t, "the door is closed", func() error {
		conn, err := net.Dial("tcp", strings.TrimPrefix(l.server.URL, "https://"))
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(errors.New("it is open"), conn.Close())
	})
	l.notReady(t)
	if status, _ := l.admin(t, "/healthz"); status != http.StatusOK {
		t.Errorf("while it drains, health is %d", status)
	}

	h.letGo()
	select {
	case answer := <-h.answer:
		if item := answer.Items[h.image.Tagged()]; answer.SystemError != "" || item.Error != "" || item.Value == nil {
			t.Errorf("what was in flight got %+v", answer)
		}
	case err := <-h.lost:
		t.Errorf("what was in flight is lost: %v", err)
	}
	if err := <-ended; err != nil { // nil is exit code 0
		t.Error(err)
	}
}

func TestASecondSignalEndsTheServerAtOnce(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{drain: 3 * time.Second})
	l.askers.end()
	h := l.hold(t)
	ended := make(chan error, 1)
	go func() { ended <- l.server.Stop() }()
	l.notReady(t)
	second := time.Now()
	err := l.signalUntil(ended)
	if err == nil || !strings.Contains(err.Error(), "signal: terminated") {
		t.Errorf("it ended with %v", err)
	}
	// In order it would still take requests for three seconds, and then as long as what is in flight.
	if took := time.Since(second); took > 3*time.Second {
		t.Errorf("that took %v", took)
	}
	select {
	case <-h.lost:
	case answer := <-h.answer:
		t.Errorf("what was in flight got %+v", answer)
	}
	h.letGo()
}

// signalUntil sends further signals until the server has ended, and returns how. One that comes within a moment of the
// first may count as one with it.
func (l *life) signalUntil(ended <-chan error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		go func() { _ = l.server.Stop() }() // how it ended is told by the first
		select {
		case err := <-ended:
			return err
		case <-tick.C:
		}
	}
}
