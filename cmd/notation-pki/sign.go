package main

import (
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/signatures"
)

// newSign makes the verb sign.
func newSign() *cobra.Command {
	c := &cobra.Command{
		Use:   "sign IMAGE",
		Short: "Sign an image in its registry, where notation is not installed",
		Long: `Signs an image in its registry as notation does, with a signer of this PKI. It is for
development and tests on machines without notation. In pipelines, use notation.

The image is signed by the digest that the registry returns. The command first checks the
signer's chain, and lists the signatures that the image has. After the push it looks for
the new signature, and fails unless the registry lists it. The last line of the output is
the image that was signed, by digest.

A signature without a timestamp expires with the signer's certificate. A trust policy that
names a tsa trust store may refuse it even earlier. --timestamp-url asks a timestamp
authority (RFC 3161). --timestamp-root is the authority's root, which belongs into the tsa
trust store. Signing fails if the revocation of the authority's certificates is unknown.

--referrers says how the signature is listed beside its image. auto lets the registry
decide. If it answers the push with the header OCI-Subject, it lists the signature itself,
in its referrers API. If not, an index is pushed too, under a tag made of the image's
digest (the tag schema). If two sign one image at the same time, that index may lose one
signature; that command fails, and has to sign again.`,
		Example: `  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3

  # With a timestamp, so that it outlives the signer's certificate:
  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3 \
    --timestamp-url http://timestamp.digicert.com --timestamp-root DigiCertTrustedRootG4.crt.pem

  # For thirty days, with metadata:
  notation-pki sign harbor.skao.int/staging/ska-tango-images:1.2.3 \
    --expiry 30d --user-metadata pipeline=4711`,
		Args: cli.OneArg,
	}
	var expiry duration
	r := &signatures.Request{Command: c, Registry: images.AddFlags(c.Flags())}
	output, flags := cli.AddOutput(c), c.Flags()
	addDir(c, &r.PKI)
	flags.StringVar(&r.Signer, "signer", "signer", "`NAME[/GENERATION]` of the certificate to sign with; default generation: the newest")
	flags.StringVar(&r.Format, "signature-format", "jws", "`FORMAT` of the signature: jws or cose")
	cli.Complete(c, "signature-format", "jws", "cose")
	flags.StringVar(&r.TimestampURL, "timestamp-url", "", "`URL` of the timestamp authority; needs --timestamp-root")
	flags.StringVar(&r.TimestampRoot, "timestamp-root", "", "`FILE` with the root certificate of the timestamp authority")
	flags.StringArrayVarP(&r.UserMetadata, "user-metadata", "m", nil, "`KEY=VALUE` that is signed too; repeatable")
	flags.Var(&expiry, "expiry", "how long the signature is valid, such as 30d or 720h; default: it does not expire")
	r.Passphrase = passphrase.Add(c, "", "the signer's key")
	c.RunE = func(_ *cobra.Command, args []string) error {
		r.Expiry = time.Duration(expiry)
		signed, err := r.Run(args[0])
		if err != nil {
			return err
		}
		return output.Print(c, signed)
	}
	return c
}
