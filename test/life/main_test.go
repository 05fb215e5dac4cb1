// Package life leads the real server through the bad days of a process: files that change, signals, clients that are
// none, and abuse. All the while others ask, and each of their answers is checked.
package life

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
	// A proxy of the machine's would get what is meant for registries.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToLower(name))
	}
	// Each test waits for its server most of the time; two at a time would wait one after the other.
	flag.Parse()
	err := flag.Set("test.parallel", "8")
	if err != nil {
		panic(err)
	}
	if buildDir, err = os.MkdirTemp("", "life-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(buildDir)
	m.Run()
}
