package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli/clitest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cert-rotator": func() { os.Exit(run()) }})
}

// TestScripts runs testdata/script: the command as people type it. "exits CODE COMMAND…"
// wants exactly this code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": clitest.Exits},
	})
}

// Each verb's help has its exit codes and examples, in at most 100 columns.
func TestHelp(t *testing.T) { clitest.Help(t, newRoot) }
