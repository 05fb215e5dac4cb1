package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

func newVersion() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  notation-provider version -o json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output, "text", "json"); err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(c.OutOrStdout()).Encode(version.Read())
			}
			_, err := io.WriteString(c.OutOrStdout(), version.Read().Text("notation-provider"))
			return err
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return c
}

// checkOutput refuses a form that a command cannot print.
func checkOutput(output string, forms ...string) error {
	for _, form := range forms {
		if output == form {
			return nil
		}
	}
	return usageError("--output %q is not one of %q", output, forms)
}
