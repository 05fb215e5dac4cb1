// Package hostile drives the real server with all that strangers can do. There is a registry that answers anything, a
// pusher who attaches anything, a pod-creator who names anything. It reads what that costs in memory, and what becomes of
// good images meanwhile. The server is built without the race detector here, for the figures count.
package hostile

import (
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

var binaries = rig.Binaries{Plain: true}

func TestMain(m *testing.M) { binaries.Main(m) }
