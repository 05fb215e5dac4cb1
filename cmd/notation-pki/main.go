// Command notation-pki is the hand of a CA that signs container images: it makes a root, an intermediate and a signer,
// revokes them, hands out what verifiers trust, and looks over what others made.
//
// root, intermediate and signer share issue.go, and issue_care.go keeps them from making what nobody could use; inspect
// reads what any tool wrote.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // public authorities, where the system has none: the image is from scratch

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Exit codes, for scripts.
const (
	exitFailed = 1 // something did not work
	exitUsage  = 2 // the command line is wrong
	exitFound  = 3 // inspect: a rule is broken, or something ends too soon
)

// exitError carries an exit code; its message may be empty.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() { os.Exit(run()) }

// grace is how long a verb may go on after the first signal: enough to finish a file.
const grace = 2 * time.Second

// run is main with an exit code. The first signal ends it, at the latest after [grace]: what computes, or waits for a lock
// or a pipe, cannot be told to stop. A second signal ends it at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	done := make(chan int, 1)
	go func() { done <- execute(ctx) }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
	}
	select {
	case code := <-done:
		return code
	case <-time.After(grace):
		fmt.Fprintln(os.Stderr, "notation-pki: interrupted")
		return exitFailed
	}
}

// execute runs the verb. Nothing that it prints, errors included, reaches the terminal with control characters in it.
func execute(ctx context.Context) int {
	root, stderr := newRoot(), printable.NewWriter(os.Stderr)
	root.SetOut(printable.NewWriter(os.Stdout))
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if message := printable.Error(err); message != "" {
		fmt.Fprintln(stderr, "notation-pki:", message)
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "notation-pki",
		Short: "The PKI that signs container images, from an empty folder to a verified image",
		Long: `Makes and keeps the PKI that signs container images the Notary Project's way: a root
CA, an intermediate below it, and signers below that. What it writes, notation, openssl
and notation-provider read as it is.

Private keys are encrypted, and nothing is ever overwritten.`,
		Example: `  notation-pki root         --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"
  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" --crl-url http://pki.skao.int/root-1.crl
  notation-pki signer       --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer" --crl-url http://pki.skao.int/intermediate-1.crl
  notation-pki inspect skao-pki --fail-within 30d
  notation-pki bundle --scope '*' --out notation`,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.Version = version.Number
	root.SetVersionTemplate(version.Read().Text("notation-pki"))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%w; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(newRootCA(), newIntermediate(), newSigner(), newCRL(), newBundle(), newVersion(), newSign(), newList(), newInspect())
	return root
}

// usageError is a command line that is wrong.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// noCommand refuses a verb that there is none of, which cobra hands to the root.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %q?", near[0])
	}
	return usageError("unknown command %q%s; see '%s --help'", args[0], hint, c.CommandPath())
}

// noArgs and oneArg are cobra's argument checks with our exit code.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("%s takes no arguments, got %q; see '%s --help'", c.Name(), args, c.CommandPath())
	}
	return nil
}

func oneArg(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("%s takes one argument, got %q; see '%s --help'", c.Name(), args, c.CommandPath())
	}
	return nil
}
