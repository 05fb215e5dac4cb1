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
		Example: "  cert-rotator version -o json",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch output {
			case "json":
				return json.NewEncoder(c.OutOrStdout()).Encode(version.Read())
			case "text":
				_, err := io.WriteString(c.OutOrStdout(), version.Read().Text("cert-rotator"))
				return err
			}
			return usageError("--output %q is not one of [\"text\" \"json\"]", output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return c
}
