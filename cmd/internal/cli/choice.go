package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Choice adds a flag that takes one of the values, and no other. The first is the default. A shell completes them.
func Choice(c *cobra.Command, value *string, name, shorthand, usage string, values ...string) {
	*value = values[0]
	c.Flags().VarP(&choice{value, values}, name, shorthand, usage)
	Complete(c, name, values...)
}

// Complete offers the values to the shell for a flag of the command and of the verbs below it that have it.
func Complete(c *cobra.Command, flag string, values ...string) {
	CompleteFunc(c, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteFunc does the same with values that are not known before. A flag that has completion already keeps it.
func CompleteFunc(c *cobra.Command, flag string, values cobra.CompletionFunc) {
	if f := c.Flags().Lookup(flag); f != nil {
		if _, ok := c.GetFlagCompletionFunc(flag); !ok {
			_ = c.RegisterFlagCompletionFunc(flag, values) // it fails only for a flag that is not there, or has it already
		}
	}
	for _, verb := range c.Commands() {
		CompleteFunc(verb, flag, values)
	}
}

// choice is a flag's value out of a closed set.
type choice struct {
	value  *string
	values []string
}

// Set implements [pflag.Value].
func (c *choice) Set(value string) error {
	if !slices.Contains(c.values, value) {
		last := len(c.values) - 1
		return errors.New("choose " + strings.Join(c.values[:last], ", ") + " or " + c.values[last])
	}
	*c.value = value
	return nil
}

// String implements [pflag.Value].
func (c *choice) String() string {
	if c.value == nil {
		return "" // pflag compares with the zero value
	}
	return *c.value
}

// Type implements [pflag.Value]. Help shows it in the value's place.
func (c *choice) Type() string { return strings.Join(c.values, "|") }
