package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is one with a person at it, who sees what the command shows.
type terminal struct {
	*os.File
	line *os.File // the end that the command has
	seen bytes.Buffer
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	person, line, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); line.Close() })
	return &terminal{File: person, line: line}
}

// reads waits until the command has asked.
func (term *terminal) reads(t *testing.T, question string) {
	t.Helper()
	buffer := make([]byte, 64)
	for !strings.HasSuffix(term.seen.String(), question) {
		n, err := term.Read(buffer)
		if err != nil {
			t.Fatalf("it ended with %v and showed %q, not %q", err, term.seen.String(), question)
		}
		term.seen.Write(buffer[:n])
	}
	for term.echoes(t) { // it turns that off after it has asked
	}
}

// echoes tells whether what is typed can be seen.
func (term *terminal) echoes(t *testing.T) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(term.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// The terminal asks twice for a new passphrase, and shows nothing of it.
func TestTerminalAsksTwice(t *testing.T) {
	const secret = "typed at the terminal"
	term := newTerminal(t)
	dir := filepath.Join(t.TempDir(), "pki")
	c := exec.CommandContext(t.Context(), "notation-pki", "root", "--dir", dir, "--key-type", "ec-256", "--subject", "C=GB, ST=England, O=SKAO, CN=Root")
	var out, notes bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader("not the passphrase\n"), &out, &notes
	c.ExtraFiles = []*os.File{term.line}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3} // the first of the extra files
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for _, question := range []string{"Passphrase of the new key: ", "The same again: "} {
		term.reads(t, question)
		if _, err := io.WriteString(term, secret+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &notes)
	}
	if !term.echoes(t) {
		t.Error("the terminal stays blind")
	}
	if shown := term.seen.String() + out.String() + notes.String(); strings.Contains(shown, secret[:5]) {
		t.Errorf("it shows the passphrase: %q", shown)
	}
	if strings.Contains(out.String()+notes.String(), "assphrase") {
		t.Errorf("it asks where a script would read: %q %q", &out, &notes)
	}
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), "notation-pki", "crl", "--dir", dir, "--issuer", "root", "--passphrase-file", file).CombinedOutput(); err != nil {
		t.Errorf("what was typed does not open the key: %v: %s", err, said)
	}
}

// An interrupt at the prompt ends the command, and the terminal echoes again.
func TestInterruptAtTheTerminal(t *testing.T) {
	term := newTerminal(t)
	dir := filepath.Join(t.TempDir(), "pki")
	c := exec.CommandContext(t.Context(), "notation-pki", "root", "--dir", dir, "--key-type", "ec-256", "--subject", "C=GB, ST=England, O=SKAO, CN=Root")
	c.ExtraFiles = []*os.File{term.line}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3} // the first of the extra files
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	term.reads(t, "Passphrase of the new key: ")
	if _, err := io.WriteString(term, "half of it\x03"); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v", c.ProcessState)
	}
	if !term.echoes(t) {
		t.Error("the terminal stays blind")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("and something was written")
	}
}
