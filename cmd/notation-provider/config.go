package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

func newConfig() *cobra.Command {
	return &cobra.Command{
		Use:     "config",
		Short:   "Print the default configuration, every key explained",
		Example: "  notation-provider config > config.yaml",
		Args:    cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), config.Annotated())
			return err
		},
	}
}
