package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli/clitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/policies"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"policytest": main})
}

// Each script in testdata is a sentence and its proof.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("VERSION", version.Number)
			return errors.Join(
				os.CopyFS(filepath.Join(env.WorkDir, "templates"), os.DirFS("testdata/templates")),
				os.CopyFS(filepath.Join(env.WorkDir, "policies"), policies.Templates),
			)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs policytest and wants an exit code: exits CODE ARGUMENT...
func exits(ts *testscript.TestScript, not bool, args []string) {
	clitest.Exits(ts, not, slices.Insert(args, 1, "policytest"))
}

// Each verb's help has its exit codes and examples, in at most 100 columns.
func TestHelp(t *testing.T) { clitest.Help(t, newRoot) }
