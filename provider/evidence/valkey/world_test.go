package valkey_test

import (
	"runtime"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/evidence/valkey"
)

const (
	key   = "registry.example.org/app@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	entry = 1 << 10
)

// plainText are the options for a server that asks for nothing.
func plainText(address string) valkey.Options {
	return valkey.Options{
		Mode: valkey.Standalone, Addresses: []string{address}, PlainTextUnsafe: true,
		Prefix: "np:", TTL: time.Hour, EntryBytes: entry,
	}
}

func open(t *testing.T, o valkey.Options) *valkey.Storage {
	t.Helper()
	s, err := valkey.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// allocated is how many bytes were ever allocated.
func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}
