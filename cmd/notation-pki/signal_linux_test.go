package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// The first signal ends what cannot be told to stop: here a run that waits for the lock of another.
func TestFirstSignalEndsTheCommand(t *testing.T) {
	b := newBench(t)
	b.keep("intermediate", &b.SKAO.Intermediate.Identity)
	unlock, err := lockedfile.MutexAt(filepath.Join(b.dir, "intermediate", "1", ".lock")).Lock()
	b.must(err)
	defer unlock()
	// Both commands wait at the same time: each goes on for seconds after its signal.
	var waiting []*waiter
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		waiting = append(waiting, b.waits(signal))
	}
	for _, w := range waiting {
		w.start = time.Now()
		b.must(w.Process.Signal(w.signal))
	}
	for _, w := range waiting {
		last := ""
		for w.lines.Scan() {
			last = w.lines.Text()
		}
		_ = w.Wait()
		if code := w.ProcessState.ExitCode(); code != cli.ExitFailed || last != "notation-pki: interrupted" || time.Since(w.start) > 3*grace {
			t.Errorf("%s: exit code %d after %s, said %q", w.signal, code, time.Since(w.start), last)
		}
	}
}

// waiter is a command that waits for a lock.
type waiter struct {
	*exec.Cmd

	signal syscall.Signal // that ends it
	start  time.Time      // when it was sent
	lines  *bufio.Scanner // of its standard error
}

// waits starts a command that waits for the lock of the intermediate CA, and returns once it does.
func (b *bench) waits(signal syscall.Signal) *waiter {
	b.t.Helper()
	c := exec.CommandContext(b.t.Context(), "notation-pki", "crl", "--dir", b.dir, "--issuer", "intermediate")
	stderr, err := c.StderrPipe()
	b.must(err)
	b.must(c.Start())
	w := &waiter{Cmd: c, signal: signal, lines: bufio.NewScanner(stderr)}
	for w.lines.Scan() && !strings.Contains(w.lines.Text(), "waiting for another run") {
	}
	return w
}
