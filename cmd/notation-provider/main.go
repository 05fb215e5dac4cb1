// Command notation-provider answers Gatekeeper's questions about container images
// with the verdict on their Notary Project signatures.
//
// serve runs the server, verify verifies images by hand, report reports on all that run in a cluster, check checks a
// configuration, and config prints the annotated default one. assemble.go shows how the packages fit together.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // public authorities, where the system has none: the image is from scratch

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Exit codes of verify and report, beside those that all commands share.
const (
	exitRefused   = 3 // at least one image is refused
	exitUndecided = 4 // none is refused, and at least one is undecided
)

func main() { os.Exit(run()) }

// run is main with an exit code.
func run() int {
	ctx, stop := signalled()
	defer stop()
	code, message := cli.Execute(ctx, newRoot(), os.Stdout, os.Stderr)
	if message != "" {
		printError(printable.NewWriter(os.Stderr), message)
	}
	return code
}

// printError writes why the command failed, within a bounded time: a reader that does not read
// standard error must not keep the process from ending.
func printError(stderr io.Writer, message string) {
	const large = 1 << 20 // what is wrong with a configuration has many lines
	queue := logging.NewQueue(stderr, large, nil)
	fmt.Fprintln(queue, message)
	queue.Close(flushWithin)
}

// signalled returns a context that the first signal ends: requests in flight are to be
// finished. The second signal is not caught, and ends the process.
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
		case again := <-signals: // the second came before the reset
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
		Long: `Verifies the Notary Project (notation) signatures of container images, and answers
Gatekeeper's external data requests over mutual TLS.

An image is verified only if a signature proves it. Every failure leaves it unverified.`,
		Example: `  notation-provider config > config.yaml
  notation-provider check --config config.yaml
  notation-provider serve --config config.yaml`,
	}
	root.AddCommand(newServe(), newVerify(), newReport(), newCheck(), newConfig())
	return cli.Setup(root)
}
