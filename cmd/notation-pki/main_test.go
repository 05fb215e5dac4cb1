package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli/clitest"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"notation-pki": func() { os.Exit(run()) }, "public-roots": rig.PrintPublicRoots})
}

// The help of every verb has its exit codes and examples, in 100 columns.
func TestHelp(t *testing.T) { clitest.Help(t, newRoot) }

// TestScripts runs testdata/script: the command as people type it, without the race detector, under which each passphrase
// takes a second to try. Besides testscript's own commands there is
//
//	exits CODE COMMAND…     the command ends with exactly this code
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	if _, err := rig.Build(t.Context(), bin, "notation-pki"); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("VERSION", version.Number)
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return private(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": clitest.Exits},
	})
}

// private makes the scripts' passphrase files readable by their owner only.
func private(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})
}
