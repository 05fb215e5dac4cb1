package main

import (
	"errors"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/signatures"
)

// newList makes the verb list.
func newList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list IMAGE",
		Short: "List the signatures that an image has in its registry",
		Long: `Lists every notation signature of an image in its registry: the signer's name, the time of
signing, the expiry, the timestamp, and the metadata.

It verifies nothing: anyone who may push can write all of this. notation-provider verify
says whether an image is admitted.

--referrers auto asks the referrers API. It asks for the tag schema if the API is missing,
lists nothing or fails.

Exit codes: 0 the signatures are listed, also if there is none or one is broken; 1 the
registry did not answer, or may have more signatures than it listed; 2 the command line is
wrong.`,
		Example: `  notation-pki list harbor.skao.int/staging/ska-tango-images:1.2.3
  notation-pki list harbor.skao.int/staging/ska-tango-images:1.2.3 -o json | jq '.[].signer'`,
		Args: cli.OneArg,
	}
	output, options := cli.AddOutput(c), images.AddFlags(c.Flags())
	c.RunE = func(_ *cobra.Command, args []string) error {
		image, err := signatures.Open(c, options, args[0])
		if err != nil {
			return err
		}
		listed, err := signatures.List(c.Context(), image)
		if err != nil && !errors.Is(err, images.ErrIncomplete) {
			return err
		}
		return errors.Join(output.Print(c, listed), err)
	}
	return c
}
