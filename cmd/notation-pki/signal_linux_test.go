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
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		c := exec.CommandContext(t.Context(), "notation-pki", "crl", "--dir", b.dir, "--issuer", "intermediate")
		stderr, err := c.StderrPipe()
		b.must(err)
		b.must(c.Start())
		lines := bufio.NewScanner(stderr)
		for lines.Scan() && !strings.Contains(lines.Text(), "waiting for another run") {
		}
		start := time.Now()
		b.must(c.Process.Signal(signal))
		var last string
		for lines.Scan() {
			last = lines.Text()
		}
		_ = c.Wait()
		if code := c.ProcessState.ExitCode(); code != cli.ExitFailed || last != "notation-pki: interrupted" || time.Since(start) > 3*grace {
			t.Errorf("%s: exit code %d after %s, said %q", signal, code, time.Since(start), last)
		}
	}
}
