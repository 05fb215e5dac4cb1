package main

import (
	"runtime/debug"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// What the garbage collector lets the process take, beside what it is configured to remember. That is all that is under
// way, and the revocation lists of public CAs. What the kernel counts is some 20 MiB more, which is the program itself.
const (
	memoryUnderWay = 64 << 20
	memoryOfEntry  = 2 << 10 // of cache.entries, a verified image and a refused one
)

// boundMemory makes the garbage collector run more often before the process takes more than it may. Without that it takes
// twice what is in use. A smaller GOMEMLIMIT counts. What it returns does the same for a changed configuration: below what
// is remembered, the collector would never rest.
func boundMemory(c config.Cache) (again func(config.Cache)) {
	environment := debug.SetMemoryLimit(-1)
	again = func(c config.Cache) { debug.SetMemoryLimit(min(environment, memoryLimit(c))) }
	again(c)
	return again
}

// memoryLimit is 167 MiB by default.
func memoryLimit(c config.Cache) int64 {
	return memoryUnderWay + int64(c.Evidence.Memory) + int64(c.Entries)*memoryOfEntry
}
