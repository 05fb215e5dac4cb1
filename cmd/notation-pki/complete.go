package main

import (
	"os"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/internal/images"
)

// complete tells a shell the values of flags that have a closed set, and the names in the PKI folder.
func complete(root *cobra.Command) {
	cli.Complete(root, "key-type", texts(ca.KeyTypes())...)
	cli.Complete(root, "reason", texts(ca.RevocationReasons())...)
	cli.Complete(root, "signature-format", "jws", "cose")
	cli.Complete(root, "referrers", string(images.Auto), string(images.API), string(images.Tag))
	cli.CompleteFunc(root, "issuer", inFolder)
	cli.CompleteFunc(root, "signer", inFolder)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// inFolder are the names in the PKI folder of the command line.
func inFolder(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, err := c.Flags().GetString("dir")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
