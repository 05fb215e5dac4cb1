// Package clitest holds the commands of the product to what their users rely on: exit codes, help and examples.
package clitest

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// Exits is a command for test scripts: exits CODE COMMAND ARGUMENT… wants exactly this exit code.
func Exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// Help holds the help of a command and of all its verbs to our rules. Each has exit codes, at most 100 columns, and
// examples whose verbs and flags exist.
func Help(t *testing.T, newRoot func() *cobra.Command) {
	t.Helper()
	for _, path := range verbs(newRoot(), nil) {
		var out, stderr bytes.Buffer
		root := newRoot()
		root.SetArgs(slices.Concat(path, []string{"--help"}))
		if code := cli.Run(context.Background(), root, &out, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%v --help: exit code %d, %s", path, code, &stderr)
		}
		for _, want := range []string{"Exit codes: 0 ", "Examples:"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v --help has no %q", path, want)
			}
		}
		verb, _, err := root.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range examples(root.Name(), verb.Example) {
			if err := parses(newRoot(), example); err != nil {
				t.Errorf("%v --help has the example %q: %v", path, example, err)
			}
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%v --help has a line of %d columns: %s", path, n, line)
			}
		}
	}
}

// word is a word of a shell, as far as examples have them: plain, or with one kind of quotation marks.
var word = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)

// examples are the arguments of each call of the command in a text.
func examples(command, text string) [][]string {
	var all [][]string
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		_, call, found := strings.Cut(" "+strings.TrimSpace(line)+" ", " "+command+" ")
		if !found || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		args := []string{}
		for _, one := range word.FindAllString(call, -1) {
			if one == "|" || one == ">" {
				break
			}
			args = append(args, strings.NewReplacer(`'`, "", `"`, "").Replace(one))
		}
		all = append(all, args)
	}
	return all
}

// parses finds the verb of a call, and reads its flags and arguments.
func parses(root *cobra.Command, args []string) error {
	verb, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	verb.InitDefaultHelpFlag()
	if err := verb.ParseFlags(rest); err != nil {
		return err
	}
	return verb.ValidateArgs(verb.Flags().Args())
}

// verbs are the paths of all commands but those of cobra.
func verbs(c *cobra.Command, path []string) [][]string {
	all := [][]string{path}
	for _, verb := range c.Commands() {
		if name := verb.Name(); name != "help" && name != "completion" {
			all = append(all, verbs(verb, slices.Concat(path, []string{name}))...)
		}
	}
	return all
}
