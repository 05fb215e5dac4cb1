// Command notation-pki is the hand of a CA that signs container images: it makes a root, an intermediate and a signer,
// revokes them, hands out what verifiers trust, and looks over what others made.
//
// root, intermediate and signer share issue.go, and issue_care.go keeps them from making what nobody could use; inspect
// reads what any tool wrote.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // public authorities, where the system has none: the image is from scratch

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// Exit codes, for scripts.
const (
	exitFailed = cli.ExitFailed
	exitUsage  = cli.ExitUsage
	exitFound  = 3 // inspect: a rule is broken, or something ends too soon
)

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
	go func() { done <- cli.Run(ctx, newRoot(), os.Stdout, os.Stderr) }()
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

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "notation-pki",
		Short: "The PKI that signs container images, from an empty folder to a verified image",
		Long: `Makes and keeps the PKI that signs container images the Notary Project's way: a root
CA, an intermediate below it, and signers below that. What it writes, notation, openssl
and notation-provider read as it is.

Private keys are encrypted, and nothing is ever overwritten.`,
		Example: `  notation-pki root         --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"
  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" \
    --crl-url http://pki.skao.int/root-1.crl
  notation-pki signer       --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer" \
    --crl-url http://pki.skao.int/intermediate-1.crl
  notation-pki inspect skao-pki --fail-within 30d
  notation-pki bundle --scope '*' --out notation`,
	}
	root.AddCommand(newRootCA(), newIntermediate(), newSigner(), newCRL(), newBundle(), newSign(), newList(), newInspect())
	return cli.Setup(root)
}

// usageError is a command line that is wrong.
func usageError(format string, args ...any) error { return cli.UsageError(format, args...) }

// foundError is what inspect ends with when a rule is broken, or something ends too soon.
func foundError(format string, args ...any) error {
	return cli.Exit(exitFound, fmt.Errorf(format, args...))
}

// codeOf is the exit code that an error calls for.
func codeOf(err error) int { return cli.Code(err) }

// noArgs and oneArg are checks of a verb's arguments.
func noArgs(c *cobra.Command, args []string) error { return cli.NoArgs(c, args) }
func oneArg(c *cobra.Command, args []string) error { return cli.OneArg(c, args) }
