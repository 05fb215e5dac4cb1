package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// The values of -o.
const (
	outputFlag = "output"
	textForm   = "text"
	jsonForm   = "json"
)

// Output is the form in which a verb prints its result. Progress and notes go to standard error, as text.
type Output struct{ form string }

// AddOutput adds the flag -o: text, which is the default, or json. A verb with -o json prints JSON even when it fails, see
// [Execute].
func AddOutput(c *cobra.Command) *Output {
	o := &Output{}
	Choice(c, &o.form, outputFlag, "o", "how to print the result", textForm, jsonForm)
	return o
}

// JSON reports whether the result is to be JSON.
func (o *Output) JSON() bool { return o.form == jsonForm }

// Print prints a result: as indented JSON, or its text.
func (o *Output) Print(c *cobra.Command, result interface{ Text() string }) error {
	if o.JSON() {
		return printable.JSON(c.OutOrStdout(), result)
	}
	_, err := io.WriteString(c.OutOrStdout(), result.Text())
	return err
}

// Note prints one line to standard error. The format is that of [fmt.Sprintf].
func Note(c *cobra.Command, format string, args ...any) {
	fmt.Fprintln(c.ErrOrStderr(), printable.Text(fmt.Sprintf(format, args...)))
}
