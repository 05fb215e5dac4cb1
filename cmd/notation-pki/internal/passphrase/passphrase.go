// Package passphrase reads the passphrase of a private key from a file, an open descriptor or the terminal. It is never an
// argument: every user of a machine can read those.
package passphrase

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// maxPassphrase bounds, in bytes, the file of a passphrase: a longer file is the wrong one.
const maxPassphrase = 4 << 10

// Source is where a passphrase comes from: a file, an open descriptor or, without either, the terminal.
type Source struct {
	command *cobra.Command

	of   string // what it protects, for the prompt
	flag string // the flags' common beginning
	file string
	fd   int
}

// Add adds the flags "<prefix>passphrase-file" and "<prefix>passphrase-fd" for the key that the text names.
func Add(c *cobra.Command, prefix, of string) *Source {
	flags := c.Flags()
	p := &Source{command: c, of: of, flag: "--" + prefix + "passphrase"}
	flags.StringVar(&p.file, prefix+"passphrase-file", "", "`FILE` whose first line is the passphrase of "+of+"; without it, the terminal asks")
	flags.IntVar(&p.fd, prefix+"passphrase-fd", -1, "open descriptor `N` whose first line is the passphrase of "+of)
	flags.Lookup(prefix + "passphrase-fd").DefValue = "0" // none; -1 would be shown
	return p
}

// SameDescriptor reports whether both are to be read from one descriptor, which is not possible.
func (p *Source) SameDescriptor(other *Source) bool {
	return p != nil && other != nil && p.fd >= 0 && p.fd == other.fd
}

// Of returns a function that reads the passphrase of a key that exists, by the name of its certificate.
func (p *Source) Of(name string) func() ([]byte, error) {
	return func() ([]byte, error) {
		p.of = name
		return p.get()
	}
}

func (p *Source) get() ([]byte, error) {
	if p.file == "" && p.fd < 0 {
		return p.prompt("Passphrase of " + p.of + ": ")
	}
	return p.read()
}

// Choose reads the passphrase of a new key. The terminal asks twice, so that a typing error does not lock the key forever.
func (p *Source) Choose() ([]byte, error) {
	secret, err := p.get()
	if err != nil {
		return nil, err
	}
	if len(secret) < ca.MinPassphrase {
		return nil, fmt.Errorf("the passphrase of %s has %d characters; take %d or more", p.of, len(secret), ca.MinPassphrase)
	}
	if p.file != "" || p.fd >= 0 {
		return secret, nil
	}
	again, err := p.prompt("The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(secret, again) {
		return nil, errors.New("the two passphrases differ; nothing was written")
	}
	return secret, nil
}

func (p *Source) read() ([]byte, error) {
	if p.file != "" && p.fd >= 0 {
		return nil, cli.UsageError("%s-file and %[1]s-fd are two sources; give one", p.flag)
	}
	data, err := p.readSource()
	if errors.Is(err, regularfile.ErrTooLarge) {
		return nil, fmt.Errorf("passphrase of %s: more than %d bytes; is it the right file?", p.of, maxPassphrase)
	}
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, fmt.Errorf("passphrase of %s: the first line is empty", p.of)
	}
	return line, nil
}

// readSource reads the file, or the descriptor, which may be a pipe.
func (p *Source) readSource() ([]byte, error) {
	if p.file == "" {
		from := os.NewFile(uintptr(p.fd), p.flag)
		if from == nil {
			return nil, cli.UsageError("%s-fd %d is no open descriptor", p.flag, p.fd)
		}
		defer from.Close()
		data, err := regularfile.ReadAll(from, p.flag+"-fd", maxPassphrase)
		if err != nil {
			return nil, fmt.Errorf("passphrase of %s: %w", p.of, err)
		}
		return data, nil
	}
	data, err := regularfile.Read(p.file, maxPassphrase)
	if errors.Is(err, regularfile.ErrNotRegular) {
		return nil, fmt.Errorf("passphrase of %s: %w; from a pipe it is read by %s-fd", p.of, err, p.flag)
	}
	if err != nil {
		return nil, fmt.Errorf("passphrase of %s: %w", p.of, err)
	}
	if info, err := os.Stat(p.file); err == nil && info.Mode().Perm()&0o077 != 0 {
		cli.Note(p.command, "note: %s can be read by others (mode %04o): chmod 600 %[1]s", p.file, info.Mode().Perm())
	}
	return data, nil
}

// prompt asks on the terminal itself, so that standard input and output are free for other things.
func (p *Source) prompt(question string) ([]byte, error) {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("there is no terminal to ask for the passphrase of %s; give %s-file or %[2]s-fd", p.of, p.flag)
	}
	defer terminal.Close()
	fmt.Fprint(terminal, question)
	secret, err := readPassword(int(terminal.Fd()))
	fmt.Fprintln(terminal)
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase of %s: %w", p.of, err)
	}
	if len(secret) == 0 {
		return nil, fmt.Errorf("the passphrase of %s is empty", p.of)
	}
	return secret, nil
}

// readPassword reads without an echo. A signal restores the echo and ends the process: reading from a terminal cannot be
// cancelled by a context.
func readPassword(terminal int) ([]byte, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	defer close(done)
	go func() {
		select {
		case <-done:
		case caught := <-signals:
			_ = term.Restore(terminal, before)
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			if number, ok := caught.(syscall.Signal); ok {
				_ = syscall.Kill(syscall.Getpid(), number)
			}
		}
	}()
	return term.ReadPassword(terminal)
}
