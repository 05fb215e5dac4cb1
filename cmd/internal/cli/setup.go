package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

// columns is how wide help is, in characters.
const columns = 100

// codes ends the help of each command that does not list its exit codes itself.
const codes = "Exit codes: 0 done; 1 it failed; 2 the command line is wrong."

// Setup completes a root command that has its verbs. It adds the verb version and the flag --version, and turns mistakes in
// the command line into [UsageError]. A root that does nothing itself prints its help, and refuses arguments.
func Setup(root *cobra.Command) *cobra.Command {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SuggestionsMinimumDistance = 2
	if !root.Runnable() {
		root.Args = noCommand
		root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	addVersionFlag(root)
	root.SetUsageFunc(usage)
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

// usage is cobra's text with the flags in our columns. It is no template: text/template finds methods by their names.
// With it the linker keeps every method of every type, and the server would be a third larger.
func usage(c *cobra.Command) error {
	out := c.OutOrStderr()
	var written bytes.Buffer
	c.SetOut(&written)
	err := new(cobra.Command).UsageFunc()(c)
	c.SetOut(out)
	text := written.String()
	for _, flags := range []*pflag.FlagSet{c.LocalFlags(), c.InheritedFlags()} {
		text = strings.Replace(text, trimmed(flags.FlagUsages()), trimmed(flags.FlagUsagesWrapped(columns)), 1)
	}
	fmt.Fprint(out, text)
	return err
}

func trimmed(text string) string { return strings.TrimRightFunc(text, unicode.IsSpace) }

// addVersionFlag adds --version. That of cobra has words of its own, or a template.
func addVersionFlag(root *cobra.Command) {
	letter := "v"
	if root.Flags().ShorthandLookup(letter) != nil { // where it is --verbose
		letter = ""
	}
	wanted := root.Flags().BoolP("version", letter, false, "version for "+root.Name())
	args, run := root.Args, root.RunE
	root.Args = func(c *cobra.Command, given []string) error {
		if *wanted || args == nil {
			return nil
		}
		return args(c, given)
	}
	root.RunE = func(c *cobra.Command, given []string) error {
		if *wanted {
			fmt.Fprint(c.OutOrStdout(), version.Read().Text(root.Name()))
			return nil
		}
		return run(c, given)
	}
}
