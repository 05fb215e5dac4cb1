// Command cert-rotator keeps the certificates by which Gatekeeper and the provider know each other.
// They are the provider's serving certificate with its CA, the caBundle of the Providers, and the
// CA of Gatekeeper's client certificates. It is the only part of the product with rights in
// Kubernetes, and the server links nothing of it.
//
// It is written on controller-runtime. The library that Gatekeeper uses for the same,
// github.com/open-policy-agent/cert-controller, replaces the CA, the certificate and the caBundle
// at once. Until every replica has taken up the new certificate and Gatekeeper the new caBundle,
// requests fail. It has no place for a second CA, finds its Secret by listing a namespace, and
// creates it. None of that can be changed from outside, so nothing of it is used. README.md
// describes the steps; package serving takes them.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// The log that is not written yet, in bytes, and how long its end is waited for.
const (
	unwritten   = 1 << 20
	flushWithin = time.Second
)

func main() { os.Exit(run()) }

// run is main with an exit code. The first SIGTERM or SIGINT ends it in order, a second at
// once: it is no longer caught.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, newRoot(), os.Stdout, os.Stderr)
}

func newRoot() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:   "cert-rotator",
		Short: "Keeps the certificates between Gatekeeper and the provider",
		Long: `Keeps the provider's serving certificate and its CA in a Secret, the caBundle of the
Providers, and a ConfigMap with the CA of Gatekeeper's client certificates. While a CA
changes, the old one and the new one are trusted side by side, and no request fails.

The Secret and the ConfigMap must exist: the rotator may not create any. It ends in order
on SIGTERM. Times are Go durations, such as 720h.`,
		Example: `  # in a pod, as the chart runs it
  cert-rotator --secret notation-provider-tls --client-ca-config-map notation-provider-client-ca \
    --provider notation-provider --provider notation-provider-mutate
  # Gatekeeper's client CA only, from a desk
  cert-rotator --client-ca-config-map notation-provider-client-ca --kubeconfig ~/.kube/config \
    --leader-elect=false --log-format text
  # change the CA now
  kubectl -n notation-provider annotate secret notation-provider-tls \
    cert-rotator.notation-provider/rotate=ca`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			queue := logging.NewQueue(c.ErrOrStderr(), unwritten, func(to io.Writer, dropped int) {
				o.log.Logger(to).Warn("log lines dropped", "count", dropped)
			})
			defer queue.Close(flushWithin)
			return rotate(c.Context(), o, o.log.Logger(queue))
		},
	}
	o.add(root.Flags())
	cli.Complete(root, "log-level", "debug", "info", "warn", "error")
	cli.Complete(root, "log-format", "json", "text")
	return cli.Setup(root)
}
