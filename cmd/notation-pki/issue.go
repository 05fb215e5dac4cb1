package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/issue"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/passphrase"
	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// issueCmd makes a verb that issues certificates, with the flags that all of them have.
func issueCmd(c *cobra.Command, name string, keyType ca.KeyType, days int) *issue.Request {
	r := &issue.Request{Command: c}
	output := cli.AddOutput(c)
	flags := c.Flags()
	addDir(c, &r.PKI)
	flags.StringVar(&r.Name, "name", name, "`NAME` of the certificate's own folder below --dir")
	flags.StringVar(&r.Subject, "subject", "", `distinguished name (`+"`DN`"+`) with C, ST, O and CN, such as "C=GB, ST=England, O=SKAO, CN=SKAO Root CA"; default with --rotate: the subject of the last generation`)
	flags.StringVar(&r.KeyType, "key-type", string(keyType), fmt.Sprintf("`TYPE` of the new key: one of %s", spelling.List(ca.KeyTypes())))
	cli.Complete(c, "key-type", keyTypes()...)
	flags.IntVar(&r.Days, "days", days, "how long the certificate is valid, in `DAYS` from now")
	flags.BoolVar(&r.Rotate, "rotate", false, "make the next generation beside the existing ones")
	r.Passphrase = passphrase.Add(c, "", "the new key")
	c.Args = cli.NoArgs
	c.RunE = func(*cobra.Command, []string) error {
		issued, err := r.Run()
		if err != nil {
			return err
		}
		return output.Print(c, issued)
	}
	return r
}

// addIssuer adds the flags of a certificate that another CA issues.
func addIssuer(r *issue.Request, name, revokedBy string) {
	flags := r.Command.Flags()
	flags.StringVar(&r.Issuer, "issuer", name, "`NAME[/GENERATION]` of the CA that issues it; default generation: the newest")
	flags.StringArrayVar(&r.CRLURLs, "crl-url", nil, "`URL` where "+revokedBy+` publishes its CRL; http:// only, since notation follows no other; default with --rotate and the same issuer: the URLs of the last generation; repeatable`)
	flags.StringArrayVar(&r.OCSPURLs, "ocsp-url", nil, "`URL` of "+revokedBy+"'s OCSP responder; http:// only; repeatable")
	flags.BoolVar(&r.NoRevocation, "no-revocation", false, "issue a certificate that can never be revoked, without --crl-url and --ocsp-url")
	flags.StringVar(&r.CSR, "csr", "", "certificate request `FILE` whose key is certified in place of a new one: the key stays in its HSM or Vault; - is standard input")
	r.IssuerPassphrase = passphrase.Add(r.Command, "issuer-", "the issuer's key")
}

func addDir(c *cobra.Command, pki *layout.Folder) {
	c.Flags().StringVar(&pki.Path, "dir", "pki", "`FOLDER` of the PKI")
}

func keyTypes() []string {
	var all []string
	for _, keyType := range ca.KeyTypes() {
		all = append(all, string(keyType))
	}
	return all
}
