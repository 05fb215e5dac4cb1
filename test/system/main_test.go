// Package system has no code of its own. Its tests drive the real server through the bad days of a process:
//
//   - lifecycle_: files that change, signals, strangers, abuse, while others ask all the time;
//   - outage_: registries and responders that are down or slow for long, and trust that is replaced meanwhile;
//   - faults_: every fault at every step of a verification, as a generated table whose expectations are rules;
//   - store_: Valkey or Redis with evidence, on its bad days; with the build tag valkey, as make test-valkey sets it;
//   - expiry_: inspect, check and the metric report the same end of a certificate.
//
// security_test.go holds that SECURITY.md names tests that exist.
package system

import (
	"flag"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// binaries are the commands that are driven here, each built once.
var binaries = rig.Binaries{Races: true}

func TestMain(m *testing.M) {
	// Most tests wait: for a bound to be reached, or for their server. Two at a time would wait one after the other.
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	binaries.Main(m)
}
