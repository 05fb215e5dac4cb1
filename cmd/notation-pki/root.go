package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// newRootCA makes the verb root.
func newRootCA() *cobra.Command {
	c := &cobra.Command{
		Use:   "root --subject DN",
		Short: "Make a root CA, on a machine that is offline",
		Long: `Makes a root CA: the certificate that verifiers trust. By default it has an RSA-4096 key
and is valid for 100 years.

The root's key issues intermediates and revokes them. It never signs images. Make it on a
machine that is offline, and lock it away.`,
		Example: `  notation-pki root --subject "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"

  # The next generation, with the same subject:
  notation-pki root --rotate --passphrase-file root.pass`,
	}
	r := issueCmd(c, "root", ca.RSA4096, 36500)
	r.Make = func(_ *ca.CA, o ca.Options) (*ca.Identity, error) { return identityOf(ca.NewRoot(o)) }
	return c
}

func identityOf(issuer *ca.CA, err error) (*ca.Identity, error) {
	if err != nil {
		return nil, err
	}
	return &issuer.Identity, nil
}
