package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

// newVersion makes the verb version.
func newVersion() *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  notation-pki version -o json",
		Args:    noArgs,
	}
	o := addOutput(c)
	c.RunE = func(*cobra.Command, []string) error {
		if err := o.check(); err != nil {
			return err
		}
		return o.print(c, versionInfo{version.Read()})
	}
	return c
}

type versionInfo struct{ version.Info }

func (v versionInfo) text() string { return v.Text("notation-pki") }
