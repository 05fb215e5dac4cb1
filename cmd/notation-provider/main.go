// Command notation-provider answers Gatekeeper's questions about container images
// with the verdict on their Notary Project signatures.
//
// serve runs the server, verify asks the same questions by hand, check looks over a
// configuration, config prints the annotated default one. assemble.go shows how the
// rooms fit together.
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

// Exit codes of verify, beside those that all commands share.
const (
	exitRefused   = 3 // an image is known not to be good
	exitUndecided = 4 // none is refused, and one is undecided
)

func main() { os.Exit(run()) }

// run is main with an exit code.
func run() int {
	ctx, stop := signalled()
	defer stop()
	code, message := cli.Execute(ctx, newRoot(), os.Stdout, os.Stderr)
	if message != "" {
		complain(printable.NewWriter(os.Stderr), message)
	}
	return code
}

// complain writes why the command failed. It does not wait for ever: a reader that does not read
// standard error must not keep a server that is told to end.
func complain(stderr io.Writer, message string) {
	const large = 1 << 20 // what is wrong with a configuration has many lines
	queue := logging.NewQueue(stderr, large, nil)
	fmt.Fprintln(queue, message)
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
		Example: `  notation-provider config > config.yaml
  notation-provider check --config config.yaml
  notation-provider serve --config config.yaml`,
	}
	root.AddCommand(newServe(), newVerify(), newCheck(), newConfig())
	return cli.Setup(root)
}
