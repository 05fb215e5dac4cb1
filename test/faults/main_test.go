// Package faults breaks every step of a verification in every way, before the real server: the table is generated, and
// its expectations are rules.
package faults

import (
	"flag"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// workshop builds the commands that are driven here.
var workshop rig.Workshop

func TestMain(m *testing.M) {
	// Most cases wait for a bound to be reached; two at a time would wait one after the other.
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	workshop.Main(m)
}
