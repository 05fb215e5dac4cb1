package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Run is [Execute], and prints the message to stderr.
func Run(ctx context.Context, root *cobra.Command, stdout, stderr io.Writer) int {
	code, message := Execute(ctx, root, stdout, stderr)
	if message != "" {
		fmt.Fprintln(printable.NewWriter(stderr), message)
	}
	return code
}

// Execute executes a command after [Setup] and returns its exit code and why it failed, if there is something to say. No
// control character reaches stdout or stderr. A verb that fails under -o json, and has not printed a result yet, prints the
// error as JSON.
func Execute(ctx context.Context, root *cobra.Command, stdout, stderr io.Writer) (code int, message string) {
	out := &counter{to: printable.NewWriter(stdout)}
	root.SetOut(out)
	root.SetErr(printable.NewWriter(stderr))
	addDefaults(root)
	verb, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0, ""
	}
	code, message = Code(err), printable.Error(err)
	if message == "" {
		return code, ""
	}
	if wantsJSON(verb) && out.written == 0 {
		_ = printable.JSON(out, failure{message, code}) // the message is printed to stderr as well
	}
	return code, root.Name() + ": " + message
}

// failure is an error under -o json.
type failure struct {
	Error    string `json:"error"`
	ExitCode int    `json:"exitCode"`
}

func wantsJSON(verb *cobra.Command) bool {
	flag := verb.Flags().Lookup(outputFlag)
	return flag != nil && flag.Value.String() == jsonForm
}

// counter counts what is written.
type counter struct {
	to      io.Writer
	written int
}

// Write implements [io.Writer].
func (c *counter) Write(text []byte) (int, error) {
	n, err := c.to.Write(text)
	c.written += n
	return n, err
}
