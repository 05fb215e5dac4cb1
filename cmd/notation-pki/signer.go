package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// newSigner makes the verb signer.
func newSigner() *cobra.Command {
	c := &cobra.Command{
		Use:   "signer --subject DN",
		Short: "Issue a certificate that signs images and nothing else",
		Long: `Issues a certificate that signs images and nothing else. By default it has an EC P-256
key and is valid for one year. If you need RSA, use --key-type rsa-3072.`,
		Example: `  notation-pki signer --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Signer" \
    --crl-url http://pki.skao.int/intermediate-1.crl

  # A year later, the next generation beside the first:
  notation-pki signer --rotate

  # The key is in an HSM or in Vault, and stays there:
  notation-pki signer --csr signer.csr --crl-url http://pki.skao.int/intermediate-1.crl`,
	}
	r := issueCmd(c, "signer", ca.ECP256, 365)
	addIssuer(r, "intermediate", "the intermediate")
	c.Flags().StringArrayVar(&r.URISANs, "uri-san", nil, "`URI` for the subject alternative name; repeatable")
	r.Make = func(issuer *ca.CA, o ca.Options) (*ca.Identity, error) {
		if issuer.Cert.MaxPathLen != 0 {
			cli.Note(c, "note: %s may issue CAs too; an intermediate with pathlen:0 is the safer issuer of signers", issuer.Cert.Subject)
		}
		return issuer.Signer(o)
	}
	return c
}
