// Command notation-provider answers Gatekeeper's questions about container images
// with the verdict on their Notary Project signatures.
//
// serve runs the server, verify asks the same questions by hand, check looks over a
// configuration, config prints the annotated default one. assemble.go shows how the
// rooms fit together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // public authorities, where the system has none: the image is from scratch

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Exit codes, for scripts.
const (
	exitFailed    = 1 // something did not work
	exitUsage     = 2 // the command line is wrong
	exitRefused   = 3 // verify: an image is known not to be good
	exitUndecided = 4 // verify: none is refused, and of one nobody knows
)

// exitError carries an exit code; its message may be empty.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() { os.Exit(run()) }

// run is main with an exit code.
func run() int {
	ctx, stop := signalled()
	defer stop()
	root, stderr := newRoot(), printable.NewWriter(os.Stderr)
	root.SetOut(printable.NewWriter(os.Stdout))
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := exitFailed
	if exit, ok := errors.AsType[*exitError](err); ok {
		code = exit.code
	}
	if message := printable.Error(err); message != "" {
		complain(stderr, message)
	}
	return code
}

// complain writes why the command failed. It does not wait for ever: a reader that does not read
// standard error must not keep a server that is told to end.
func complain(stderr io.Writer, message string) {
	const large = 1 << 20 // what is wrong with a configuration has many lines
	queue := logging.NewQueue(stderr, large, nil)
	fmt.Fprintln(queue, "notation-provider:", message)
	queue.Close(flushWithin)
}

// signalled returns a context that the first signal ends: what is in flight is to be
// finished. The second signal is not ours to catch, and ends the process.
func signalled() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		cancel()
		select {
		case again := <-signals: // it came before the reset
			if number, ok := again.(syscall.Signal); ok {
				_ = syscall.Kill(syscall.Getpid(), number)
			}
		default:
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "notation-provider",
		Short: "Gatekeeper's external data provider for Notary Project signatures",
		Long: `Answers Gatekeeper's questions about container images with the verdict on their
Notary Project (notation) signatures, over mutual TLS.

An image that is not proven good is not verified, whatever goes wrong.`,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.Version = version.Number
	root.SetVersionTemplate(version.Read().Text("notation-provider"))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%w; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(newServe(), newVerify(), newCheck(), newConfig(), newVersion())
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

// noArgs and someArgs are cobra's argument checks with our exit code.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("%s takes no arguments, got %q; see '%s --help'", c.Name(), args, c.CommandPath())
	}
	return nil
}

func someArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("%s wants at least one argument; see '%s --help'", c.Name(), c.CommandPath())
	}
	return nil
}
