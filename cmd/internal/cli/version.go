package cli

import (
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

// newVersion makes the verb version of a command.
func newVersion(command string) *cobra.Command {
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  " + command + " version\n  " + command + " version -o json",
		Args:    NoArgs,
	}
	o := AddOutput(c)
	c.RunE = func(*cobra.Command, []string) error {
		return o.Print(c, versionText{version.Read(), command})
	}
	return c
}

type versionText struct {
	version.Info
	command string
}

// Text is one line for people.
func (v versionText) Text() string { return v.Info.Text(v.command) }
