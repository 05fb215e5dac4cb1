package main

import (
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/report"
)

// newInspect makes the verb inspect.
func newInspect() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect PATH|IMAGE",
		Short: "Show certificates and CRLs as a tree, what ends when, and what is wrong",
		Long: `Shows the certificates and CRLs of a file, of a folder with all folders below it, or of the
signatures on an image. Each is shown below its issuer, with every rule that it breaks.

A folder may be a PKI folder of this tool, notation's configuration, a trust store, a
mounted volume, or a PKI that was made with openssl. Hidden files are left out, and so is
everything that is not a certificate, a CRL or a private key. No key is decrypted, and no
signature on an image is verified.

--fail-within reports each certificate, and the newest CRL of each CA, that ends within
that time or has ended. It does not report:
  - a certificate that is revoked;
  - a certificate that has ended, if a newer generation in the PKI folder is valid, or if
    only its issuer's record of it (issued/) is left;
  - the CRL of a CA that is revoked, or that has ended and issued no certificate that
    names a CRL URL;
  - a CRL before the last third of its validity: some are renewed every week.
A generation that was rotated is reported until it ends, since the signatures that it made
without a timestamp end with it.

Times are in UTC. Days left are whole days, as notation-provider check counts them.

Exit codes: 0 there is no problem; 3 there is a problem: a rule is broken, a CRL or key is
not as it should be, or something ends too soon; 1 something cannot be read; 2 the command
line is wrong.`,
		Example: `  # A folder, a file, an image:
  notation-pki inspect pki
  notation-pki inspect pki/signer/1/chain.pem
  notation-pki inspect harbor.skao.int/production/ska-tango-images:1.2.3

  # A trust store:
  notation-pki inspect ~/.config/notation/truststore

  # Every day, from cron:
  notation-pki inspect --fail-within 30d -o json pki`,
		Args: cli.OneArg,
	}
	var within duration
	output, registry := cli.AddOutput(c), images.AddFlags(c.Flags())
	c.Flags().Var(&within, "fail-within", "exit with 3 if something ends within `DURATION`, such as 30d or 720h")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if within < 0 {
			return cli.UsageError("--fail-within %s is in the past", &within)
		}
		files, err := report.Open(c.Context(), registry, args[0])
		if err != nil {
			return err
		}
		now := time.Now()
		found := report.New(args[0], files.Build(now), now)
		if c.Flags().Changed("fail-within") {
			found.FindEnds(time.Duration(within))
		}
		if err := output.Print(c, found); err != nil {
			return err
		}
		return found.Verdict()
	}
	return c
}
