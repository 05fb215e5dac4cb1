package system

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// manyKeys are as many as one request may have, none of them a reference.
func manyKeys() []string {
	keys := make([]string, 256)
	for i := range keys {
		keys[i] = fmt.Sprintf("Not An Image %d! %s", i, strings.Repeat("x", 200))
	}
	return keys
}

// fill asks for what is logged until the log has no room any more.
func (l *life) fill(t *testing.T) {
	t.Helper()
	asker, keys := *l.askers.asker, manyKeys()
	asker.Timeout = 3 // as long as the webhook waits
	before := l.metric(t, dropped)
	rig.Eventually(t, "the log is full", func() error {
		if _, err := asker.Validate(context.Background(), keys...); err != nil {
			t.Fatalf("while the log is not read: %v", err)
		}
		if l.metric(t, dropped) == before {
			return errors.New("nothing was dropped")
		}
		return nil
	})
}

const dropped = "notation_provider_log_records_dropped_total"

// Standard error is a pipe that is not read for a while. All are answered, what is missing
// in the log is told when it flows again, and the server ends as always.
func TestNoRequestWaitsForTheLog(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	l.server.StopReading()
	l.fill(t)
	l.askers.more(t)
	l.server.Resume()
	rig.Eventually(t, "the log flows again", func() error {
		if !strings.Contains(l.server.Log(), `"msg":"log lines dropped","count":`) {
			return errors.New("nothing is said of what is missing")
		}
		return nil
	})

	l.server.StopReading()
	l.fill(t)
	l.askers.end()
	began := time.Now()
	if err := l.server.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end; want one second for the log", took)
	}
	l.server.Resume()
}

func TestTheServerOutlivesTheReaderOfItsLog(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	expect.OK(t, l.server.StopListening())
	l.askers.more(t)
	rig.Eventually(t, "lines are missed", func() error {
		if l.metric(t, dropped) == 0 {
			return errors.New("none is")
		}
		return nil
	})
	l.askers.more(t)
	l.askers.end()
	if err := l.server.Stop(); err != nil {
		t.Error(err)
	}
}

// By these signals people ask other servers to read their files again.
func TestSignalsThatMeanReloadEndNothing(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE} {
		expect.OK(t, l.server.Signal(s))
		l.askers.more(t)
	}
	l.askers.end()
	if err := l.server.Stop(); err != nil {
		t.Error(err)
	}
}

// Strangers choose how many signatures an image has and what is written in them, and users
// choose how many images are asked for.
func TestARefusedImageLogsLittle(t *testing.T) {
	t.Parallel()
	l := start(t, rig.ForTest(t), options{})
	l.askers.end()
	root, err := ca.NewRoot(ca.Options{})
	expect.OK(t, err)
	stranger, err := root.Signer(ca.Options{Subject: pkix.Name{
		Country: []string{"GB"}, Province: []string{"England"}, Organization: []string{"SKAO"},
		CommonName: strings.Repeat(`\"`, 60) + "\x1b[2J\u2028" + strings.Repeat("\x01x", 400),
	}})
	expect.OK(t, err)
	image := l.PushImage(l.home, "production/fresh", strings.Repeat("t", 128))
	for range 20 {
		l.Sign(image, rig.Signature{By: stranger})
	}
	before := len(l.server.Log())
	client := l.server.GatekeeperClient()
	client.Timeout = int(rig.Patience / time.Second) // the machine may be slow
	answer, err := client.Validate(t.Context(), image.Tagged())
	if err != nil || !strings.HasPrefix(answer.Items[image.Tagged()].Error, "untrusted: ") {
		t.Fatalf("%+v, %v", answer, err)
	}
	if err := l.server.Stop(); err != nil {
		t.Error(err)
	}
	said := l.server.Log()[before:]
	size := 0
	for line := range strings.Lines(said) {
		if strings.Contains(line, "production/fresh") {
			size += len(line)
		}
	}
	if size == 0 || size > 2048 {
		t.Errorf("the refused image logged %d bytes; want 2 KiB at most:\n%s", size, said)
	}
	t.Logf("%d bytes", size)
}
