package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli/clitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
)

// newTool is a command with a verb that ends with the error.
func newTool(err error) *cobra.Command {
	root := &cobra.Command{Use: "tool", Short: "A tool", Example: "  tool work"}
	verb := &cobra.Command{Use: "work", Short: "Work", Example: "  tool work --pace slow", Args: cli.NoArgs}
	var pace string
	cli.Choice(verb, &pace, "pace", "", "how fast", "slow", "fast")
	output := cli.AddOutput(verb)
	verb.RunE = func(c *cobra.Command, _ []string) error {
		cli.Note(c, "working\x1b[2J")
		if err != nil {
			return err
		}
		return output.Print(c, done{pace})
	}
	root.AddCommand(verb)
	return cli.Setup(root)
}

type done struct {
	Pace string `json:"pace"`
}

func (d done) Text() string { return "done, " + d.Pace + "\x07\n" }

// fields are the words of a line, of which ” is an empty one.
func fields(line string) []string {
	words := strings.Fields(line)
	for i, word := range words {
		words[i] = strings.Trim(word, "'")
	}
	return words
}

func run(t *testing.T, root *cobra.Command, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	root.SetArgs(args)
	code = cli.Run(t.Context(), root, &out, &complaints)
	return code, out.String(), complaints.String()
}

// Each command line ends with its exit code, and tells what is wrong with it.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		line           string
		err            error
		code           int
		stdout, stderr string
	}{
		{"", nil, 0, "Available Commands:", ""},
		{"work", nil, 0, "done, slow\ufffd\n", "working\ufffd[2J\n"},
		{"work --pace fast -o json", nil, 0, "{\n  \"pace\": \"fast\"\n}\n", "working"},
		{"work", errors.New("no power"), 1, "", "tool: no power\n"},
		{"work", fmt.Errorf("today: %w", cli.Exit(3, errors.New("a strike\x1b"))), 3, "", "tool: today: a strike\ufffd\n"},
		{"work", cli.Silent(4), 4, "", "working"},
		{"work hard", nil, 2, "", `tool: work takes no arguments, got ["hard"]; see 'tool work --help'`},
		{"work --pace brisk", nil, 2, "", `tool: invalid argument "brisk" for "--pace" flag: choose slow or fast; see 'tool work --help'`},
		{"work -o yaml", nil, 2, "", `invalid argument "yaml" for "-o, --output" flag: choose text or json`},
		{"work --bogus", nil, 2, "", "tool: unknown flag: --bogus; see 'tool work --help'"},
		{"wrok", nil, 2, "", `tool: unknown command "wrok"; did you mean "work"?; see 'tool --help'`},
		{"help wrok", nil, 2, "", `tool: unknown command "wrok"; did you mean "work"?`},
		{"help work", nil, 0, "how fast", ""},
		{"completion", nil, 2, "", "tool: completion for which shell? See 'tool completion --help'"},
		{"completion xml", nil, 2, "", `tool: unknown command "xml"; see 'tool completion --help'`},
		{"completion bash extra", nil, 2, "", "bash takes no arguments"},
		{"completion bash", nil, 0, "__tool_", ""},
		{"__complete work --pace ''", nil, 0, "slow\nfast\n", ""},
		{"__complete work -o ''", nil, 0, "text\njson\n", ""},
		{"version", nil, 0, "tool " + version.Number + " (", ""},
		{"--version", nil, 0, "tool " + version.Number + " (", ""},
		{"-v", nil, 0, "tool " + version.Number + " (", ""},
		{"version -o json", nil, 0, "{\n  \"version\": \"" + version.Number + "\"", ""},
		{"version extra", nil, 2, "", "version takes no arguments"},
	} {
		code, stdout, stderr := run(t, newTool(c.err), fields(c.line)...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("tool %s: exit code %d, want %d; stdout %q; stderr %q", c.line, code, c.code, stdout, stderr)
		}
	}
}

// A failure under -o json is JSON, unless the result is there already.
func TestFailureAsJSON(t *testing.T) {
	for _, c := range []struct {
		args []string
		want map[string]any
	}{
		{[]string{"work", "-o", "json"}, map[string]any{"error": "no power", "exitCode": 1.0}},
		{[]string{"work", "-o", "json", "--bogus"}, map[string]any{"error": "unknown flag: --bogus; see 'tool work --help'", "exitCode": 2.0}},
	} {
		_, stdout, stderr := run(t, newTool(errors.New("no power")), c.args...)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) || !strings.Contains(stderr, "tool: ") {
			t.Errorf("%v prints %q, and %q to stderr (%v)", c.args, stdout, stderr, err)
		}
	}
	if _, stdout, _ := run(t, newTool(cli.Silent(3)), "work", "-o", "json"); stdout != "" {
		t.Errorf("a failure that is told already prints %q", stdout)
	}
}

// The help of every verb has its exit codes, which are the common ones unless it says more.
func TestHelp(t *testing.T) {
	clitest.Help(t, func() *cobra.Command { return newTool(nil) })
}
