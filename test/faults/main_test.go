// Package faults breaks every step of a verification in every way, before the real server: the table is generated, and
// its expectations are rules.
package faults

import (
	"context"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// buildDir is where the real server is built.
var buildDir string

// binary is the real server, built once.
var binary = sync.OnceValues(func() (string, error) {
	return rig.BuildProvider(context.Background(), buildDir, rig.RaceEnabled)
})

func TestMain(m *testing.M) {
	// A proxy of the machine's would get what is meant for registries, and tell us of its own troubles.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToLower(name))
	}
	// Most cases wait for a bound to be reached; two at a time would wait one after the other.
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	var err error
	if buildDir, err = os.MkdirTemp("", "faults-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(buildDir)
	m.Run()
}
