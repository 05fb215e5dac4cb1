package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// NoArgs refuses arguments.
func NoArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return UsageError("%s takes no arguments, got %q; see '%s --help'", c.Name(), args, c.CommandPath())
	}
	return nil
}

// OneArg wants exactly one argument.
func OneArg(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return UsageError("%s takes one argument, got %q; see '%s --help'", c.Name(), args, c.CommandPath())
	}
	return nil
}

// SomeArgs wants at least one argument.
func SomeArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return UsageError("%s wants at least one argument; see '%s --help'", c.Name(), c.CommandPath())
	}
	return nil
}

// noCommand refuses an unknown verb, which cobra takes for an argument of the command above.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %q?", near[0])
	}
	return UsageError("unknown command %q%s; see '%s --help'", args[0], hint, c.CommandPath())
}
