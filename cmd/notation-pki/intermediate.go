package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// newIntermediate makes the verb intermediate.
func newIntermediate() *cobra.Command {
	c := &cobra.Command{
		Use:   "intermediate --subject DN",
		Short: "Issue the intermediate CA that issues signers",
		Long: `Issues a CA below the root. It can issue signers, and no further CA (pathlen:0). By
default it has an RSA-4096 key and is valid for ten years.

The intermediate's folder is complete: copy it to the machine that issues signers, and
leave the root's key where it is.`,
		Example: `  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" \
    --crl-url http://pki.skao.int/root-1.crl

  # Its key is in Vault, and stays there:
  notation-pki intermediate --csr vault.csr --crl-url http://pki.skao.int/root-1.crl`,
	}
	r := issueCmd(c, "intermediate", ca.RSA4096, 3650)
	addIssuer(r, "root", "the root")
	r.Make = func(issuer *ca.CA, o ca.Options) (*ca.Identity, error) { return identityOf(issuer.Intermediate(o)) }
	return c
}
