package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/revoke"
)

// newCRL makes the verb crl.
func newCRL() *cobra.Command {
	c := &cobra.Command{
		Use:   "crl --issuer NAME",
		Short: "Issue a CA's next revocation list, and revoke certificates in it",
		Long: `Issues the next certificate revocation list (CRL) of a CA. It holds everything that the
last list revokes, and what --revoke adds. The list is kept below the CA's folder, under
its number.

--publish also copies the list to the file that the web server sends for the certificates'
--crl-url. If a list is there that was issued from a copy of the PKI folder, everything that
it revokes stays revoked.

Issue a list before the last one's next update, even if nothing was revoked. After it,
verifiers do not know whether a certificate is revoked, and no image that is signed below
this CA is admitted.

A revocation is final. It applies to everything that the certificate ever signed, with a
timestamp or without. Sign images that must keep running again first.

The reasons are ` + strings.Join(reasons()[:4], ", ") + `,
` + strings.Join(reasons()[4:], " and ") + `.`,
		Example: `  # Every week, from cron, into the folder of the web server:
  notation-pki crl --issuer intermediate/1 --passphrase-file oci.pass \
    --publish /srv/pki/intermediate-1.crl

  # A key leaked:
  notation-pki crl --issuer intermediate/1 --revoke pki/signer/1/cert.pem \
    --reason keyCompromise --publish /srv/pki/intermediate-1.crl

  # The root revokes an intermediate:
  notation-pki crl --issuer root --revoke pki/intermediate/1/cert.pem \
    --reason superseded --next-update 400d --publish root-1.crl`,
		Args: cli.NoArgs,
	}
	r := &revoke.Request{Command: c}
	output, flags, nextUpdate := cli.AddOutput(c), c.Flags(), duration(14*day)
	addDir(c, &r.PKI)
	flags.StringVar(&r.Issuer, "issuer", "", "`NAME[/GENERATION]` of the CA; default generation: the newest")
	flags.StringArrayVar(&r.Revoke, "revoke", nil, "`SERIAL|FILE` of a certificate that this CA issued; - is standard input; repeatable")
	flags.StringVar(&r.Reason, "reason", string(ca.Unspecified), "`REASON` of the revocation")
	cli.Complete(c, "reason", reasons()...)
	flags.BoolVar(&r.Unrecorded, "unrecorded", false, "revoke a serial number that the CA has no record of")
	flags.Var(&nextUpdate, "next-update", "how long the list is valid, such as 14d or 36h; issue the next one before")
	flags.StringVar(&r.Publish, "publish", "", "`FILE` that the web server sends for --crl-url; the list replaces it, and no symlink of that name is followed")
	r.Passphrase = passphrase.Add(c, "", "the CA's key")
	c.RunE = func(*cobra.Command, []string) error {
		r.NextUpdate = time.Duration(nextUpdate)
		list, err := r.Run()
		if err != nil {
			return err
		}
		return output.Print(c, list)
	}
	return c
}

func reasons() []string {
	var all []string
	for _, reason := range ca.RevocationReasons() {
		all = append(all, string(reason))
	}
	return all
}
