package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the module's, as the Go tool stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}

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
				return json.NewEncoder(c.OutOrStdout()).Encode(map[string]string{"version": version(), "go": runtime.Version()})
			case "text":
				_, err := fmt.Fprintf(c.OutOrStdout(), "cert-rotator %s (%s)\n", version(), runtime.Version())
				return err
			}
			return usageError("--output %q is not one of [\"text\" \"json\"]", output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return c
}
