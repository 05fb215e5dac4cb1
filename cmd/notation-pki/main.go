// Command notation-pki is the tool of a CA that signs container images. It issues and revokes certificates, writes the trust
// policy and trust stores of verifiers, and inspects certificates of any origin.
//
// Each verb has a file here with its flags and help. The work is done in ca and in the internal packages: issue, revoke,
// bundle, signatures and report. layout is a PKI on disk, and inventory is what lies in files.
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

func main() { os.Exit(run()) }

// grace is how long a verb may go on after the first signal: enough to finish a file.
const grace = 2 * time.Second

// run runs the command and returns its exit code. The first signal ends it, at the latest after [grace]: computing, and
// waiting for a lock or a pipe, cannot be cancelled. A second signal ends it at once.
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
		return cli.ExitFailed
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "notation-pki",
		Short: "The PKI that signs container images, from an empty folder to a verified image",
		Long: `Makes and keeps the PKI that signs container images with the Notary Project's notation: a
root CA, an intermediate CA below it, and signers below that. notation, openssl and
notation-provider read the files as they are.

Private keys are encrypted, and nothing is ever overwritten.`,
		Example: `  notation-pki root         --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"
  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" \
    --crl-url http://pki.skao.int/root-1.crl
  notation-pki signer       --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer" \
    --crl-url http://pki.skao.int/intermediate-1.crl
  notation-pki inspect pki --fail-within 30d
  notation-pki bundle --scope '*' --out notation`,
	}
	root.AddCommand(newRootCA(), newIntermediate(), newSigner(), newCRL(), newBundle(), newSign(), newList(), newInspect(), newRetire(), newServing())
	complete(root)
	return cli.Setup(root)
}
