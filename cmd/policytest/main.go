// Command policytest runs gator's suites, and decides on manifests, with external_data: from recorded verdicts or from a
// live provider. README.md tells more.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime/pkg/log"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Exit codes, for scripts.
const (
	exitFailed  = 1 // a case failed; eval: an object is denied
	exitUsage   = 2 // the command line is wrong, or what it names is not there; eval: or a file is wrong
	exitUnknown = 3 // eval: nothing is denied, and something is not judged
)

// exitError carries an exit code; its message may be empty.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageError is a command line that is wrong.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// silently ends with a code, when all was said.
func silently(code int) error { return &exitError{code, errors.New("")} }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with an exit code.
func run(args []string, out, complaints io.Writer) int {
	ctrl.SetLogger(logr.Discard()) // Gatekeeper's parts log as in a cluster; what matters they return
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out, complaints = printable.NewWriter(out), printable.NewWriter(complaints)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(complaints)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := exitFailed
	if exit, ok := errors.AsType[*exitError](err); ok {
		code = exit.code
	}
	if message := err.Error(); message != "" {
		fmt.Fprintln(complaints, "policytest:", message)
	}
	return code
}

func newRoot() *cobra.Command {
	root := newSuites()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.Version = version.Number
	root.SetVersionTemplate(version.Read().Text("policytest"))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%w; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(newEval(), newVersion())
	return root
}

// checkFormat refuses what -o does not take.
func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return usageError("unknown output %q; there are text and json", format)
	}
	return nil
}
