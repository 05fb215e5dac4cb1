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
		Long: `Issues a CA below the root that can issue signers and no further CA (pathlen:0). By
default an RSA-4096 key and ten years. Its folder is all it needs: carry it, without the
root's key, to the machine that issues signers.`,
		Example: `  notation-pki intermediate --subject "C=GB, ST=England, O=SKAO, CN=SKAO OCI Intermediate CA" --crl-url http://pki.skao.int/root-1.crl

  # Its key is in Vault, and stays there:
  notation-pki intermediate --csr vault.csr --crl-url http://pki.skao.int/root-1.crl`,
	}
	i := addIssuance(c, "intermediate", ca.RSA4096, 3650)
	i.addIssuer("root", "the root")
	i.make = func(issuer *ca.CA, o ca.Options) (*ca.Identity, error) { return identityOf(issuer.Intermediate(o)) }
	return c
}
