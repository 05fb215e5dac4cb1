// Package life leads the real server through the bad days of a process: files that change, signals, clients that are
// none, and abuse. All the while others ask, and each of their answers is checked.
package life

import (
	"flag"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// workshop builds the commands that are driven here.
var workshop rig.Workshop

func TestMain(m *testing.M) {
	// Each test waits for its server most of the time; two at a time would wait one after the other.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	workshop.Main(m)
}
