package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

// columns is how wide help is, in characters.
const columns = "100"

// codes ends the help of each command that does not list its exit codes itself.
const codes = "Exit codes: 0 done; 1 it failed; 2 the command line is wrong."

// Setup completes a root command that has its verbs: it adds the verb version and the flag --version, and turns mistakes in
// the command line into [UsageError]. A root that does nothing itself prints its help, and refuses arguments.
func Setup(root *cobra.Command) *cobra.Command {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SuggestionsMinimumDistance = 2
	if !root.Runnable() {
		root.Args = noCommand
		root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	root.Version = version.Number
	root.SetVersionTemplate(version.Read().Text(root.Name()))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped "+columns+" "))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return UsageError("%w; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(newVersion(root.Name()))
	return root
}

// addDefaults adds the verbs that cobra brings along, with our exit codes, and the exit codes to all help.
func addDefaults(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args = noCommand
			c.RunE = func(c *cobra.Command, _ []string) error {
				return UsageError("completion for which shell? See '%s --help'", c.CommandPath())
			}
			for _, shell := range c.Commands() {
				shell.Args = NoArgs
			}
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				if topic, rest, err := root.Find(args); err != nil || len(rest) > 0 {
					return noCommand(topic, args)
				}
				return nil
			}
		}
	}
	addCodes(root)
}

func addCodes(c *cobra.Command) {
	if c.Long == "" {
		c.Long = c.Short + "."
	}
	if !strings.Contains(c.Long, "Exit codes:") {
		c.Long = strings.TrimSpace(c.Long) + "\n\n" + codes
	}
	for _, verb := range c.Commands() {
		addCodes(verb)
	}
}
