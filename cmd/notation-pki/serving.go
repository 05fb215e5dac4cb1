package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/serving"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// newServing makes the verb serving.
func newServing() *cobra.Command {
	var r serving.Request
	c := &cobra.Command{
		Use:   "serving --host NAME",
		Short: "Make the provider's serving certificate for mutual TLS, and its CA",
		Long: `Makes what notation-provider serves with: a certificate for the host in the Provider's
url, its key, and the CA that issued it. Prints where each file goes. It has nothing to do
with the PKI that signs images. The chart needs none of it: by default it makes and renews
these certificates in the cluster.

Each run makes a CA of its own, whose key is not kept. Before the certificate ends, run it
again into another folder, and give Gatekeeper both CAs in one caBundle while you change
the certificate.`,
		Example: `  notation-pki serving --host notation-provider.notation-provider.svc

  # For another namespace and for this machine, with a client certificate to try it with:
  notation-pki serving --host verify.policy.svc --host localhost --host 127.0.0.1 \
    --client gatekeeper-webhook-service.gatekeeper-system.svc --out mtls`,
		Args: cli.NoArgs,
	}
	output := cli.AddOutput(c)
	flags := c.Flags()
	flags.StringArrayVar(&r.Hosts, "host", nil, "`NAME` or IP address that Gatekeeper dials: the host of spec.url of the Provider (required); repeatable")
	flags.StringVar(&r.Client, "client", "", "make a client certificate for this `NAME` too, which must be among tls.clientNames; its CA is ca.crt")
	flags.StringVar(&r.KeyType, "key-type", string(ca.ECP256), fmt.Sprintf("`TYPE` of the new keys: one of %s", spelling.List(ca.KeyTypes())))
	flags.IntVar(&r.Days, "days", 365, fmt.Sprintf("how long the certificates are valid, in `DAYS` from now; at most %d", serving.MaxDays))
	flags.StringVar(&r.Out, "out", "serving", "`FOLDER` to make; it must not be there yet")
	c.RunE = func(*cobra.Command, []string) error {
		made, err := r.Run()
		if err != nil {
			return err
		}
		return output.Print(c, made)
	}
	return c
}
