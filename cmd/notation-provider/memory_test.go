package main

import (
	"fmt"
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
		c.Evidence.Memory = config.Bytes(step.evidence * mib)
		boundMemory(c)
		if got := debug.SetMemoryLimit(-1) / mib; got != step.want {
			t.Errorf("%d MiB for %d MiB of evidence, want %d", got, step.evidence, step.want)
		}
	}
}

// A reload that lets the process remember more lets it take more: else the collector would run all the time.
func TestMemoryBoundFollowsAReload(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	debug.SetMemoryLimit(1000 << 20)
	c, write, _ := reloading(t)
	c.boundMemory = boundMemory(c.config.Cache)
	for _, step := range []struct{ evidence, want string }{{"512MiB", "615"}, {"1GiB", "1000"}, {"64MiB", "167"}} {
		write(goodConfig + "cache: {evidence: {memory: " + step.evidence + "}}\n")
		if changed, err := c.Reload(); !changed || err != nil {
			t.Fatalf("changed %t, %v", changed, err)
		}
		if got := fmt.Sprint(debug.SetMemoryLimit(-1) >> 20); got != step.want {
			t.Errorf("%s MiB for %s of evidence, want %s", got, step.evidence, step.want)
		}
	}
}
