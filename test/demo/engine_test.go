package main

import (
	"io"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A log gets a line every 15 seconds, and none that is written over another.
func TestALogGetsWholeLinesOfProgress(t *testing.T) {
	read, log, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	synctest.Test(t, func(*testing.T) {
		var done atomic.Int64
		stop := progress(log, 9, &done)
		time.Sleep(20 * time.Second)
		done.Store(4)
		time.Sleep(11 * time.Second)
		stop()
	})
	log.Close()
	const want = "  compiled 0 packages of at most 9 in 15s\n  compiled 4 packages of at most 9 in 30s\n  compiled 4 packages of at most 9 in 31s\n\n"
	if got, err := io.ReadAll(read); string(got) != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
