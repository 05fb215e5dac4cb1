package main

import (
	"runtime/debug"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// The garbage collector keeps to what the process may take, and to GOMEMLIMIT where that is less.
func TestMemoryIsBoundByTheConfiguration(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	c := config.Default().Cache
	const mib = 1 << 20
	for _, step := range []struct{ environment, evidence, want int64 }{
		{1 << 40, 64, 167},
		{1 << 40, 164, 267},
		{100 * mib, 64, 100},
	} {
		debug.SetMemoryLimit(step.environment)
		c.Evidence = config.Bytes(step.evidence * mib)
		boundMemory(c)
		if got := debug.SetMemoryLimit(-1) / mib; got != step.want {
			t.Errorf("%d MiB for %d MiB of evidence, want %d", got, step.evidence, step.want)
		}
	}
}
