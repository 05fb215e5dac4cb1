package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/layout"
)

// retired is the result of the verb retire.
type retired struct {
	Generation string `json:"generation"`
	Folder     string `json:"folder"`
}

func (r retired) Text() string {
	return fmt.Sprintf("%s is retired: its key is deleted, and its certificate is in %s\n", r.Generation, r.Folder)
}

// newRetire makes the verb retire.
func newRetire() *cobra.Command {
	var pki layout.Folder
	neverSigned := false
	c := &cobra.Command{
		Use:   "retire NAME/GENERATION",
		Short: "Delete the key of a generation that was never used, and put it aside",
		Long: `Deletes the key of a generation that was made by mistake, such as one without --crl-url,
and puts its certificate aside: inspect and bundle do not see it any more. Its number is not
given again. The certificate goes on being valid, so this is only for a key that was never
used. If it was used, or may have leaked, revoke it with the verb crl.

A CA that issued a certificate or a CRL is not retired. What a signer signed is not known
here: --never-signed says that it signed nothing.`,
		Example: `  notation-pki retire signer/1 --never-signed
  notation-pki retire intermediate/1`,
		Args: cli.OneArg,
	}
	addDir(c, &pki)
	c.Flags().BoolVar(&neverSigned, "never-signed", false, "for a signer: nothing was signed with its key, and no other person has it")
	output := cli.AddOutput(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		folder, err := retire(pki, args[0], neverSigned)
		if err != nil {
			return err
		}
		return output.Print(c, retired{args[0], folder})
	}
	return c
}

// retire refuses a generation that was used, as far as that can be known.
func retire(pki layout.Folder, which string, neverSigned bool) (folder string, err error) {
	if !strings.Contains(which, "/") {
		return "", cli.UsageError("%q names no generation; write it with its number, such as %s/1", which, which)
	}
	g, err := pki.Find(which)
	if err != nil {
		return "", err
	}
	chain, err := g.Chain()
	if err != nil {
		return "", err
	}
	used, err := g.Used()
	switch {
	case err != nil:
		return "", err
	case used != "":
		return "", fmt.Errorf("%s was used: %s; revoke it with notation-pki crl --revoke %s, or leave it as it is", g, used, g.File(layout.CertFile))
	case !chain[0].IsCA && !neverSigned:
		return "", cli.UsageError("what %s signed is not known here: add --never-signed if its key signed nothing; else revoke it with notation-pki crl --revoke %s", g, g.File(layout.CertFile))
	}
	return pki.Retire(g)
}
