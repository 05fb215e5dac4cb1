package rig

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// journal keeps what a server writes, and finds in it where it serves.
type journal struct {
	serving chan addresses // one, once
	from    *os.File
	gate    sync.Mutex // each read passes it
	held    atomic.Bool
	ended   chan struct{} // closed when all has been read

	mu    sync.Mutex
	text  strings.Builder
	found bool
}

// read reads what the server writes until it ends, or we stop listening.
func (j *journal) read() {
	defer close(j.ended)
	defer j.from.Close()
	for some := make([]byte, 4096); ; {
		j.gate.Lock()
		j.gate.Unlock() //nolint:staticcheck // to pass is all
		n, err := j.from.Read(some)
		_, _ = j.Write(some[:n])
		if err != nil {
			return
		}
	}
}

// finish waits until all has been read, unless nothing is.
func (j *journal) finish() {
	if !j.held.Load() {
		<-j.ended
	}
}

// addresses are what the server's line "serving" tells.
type addresses struct {
	Message string `json:"msg"`
	Address string `json:"address"`
	Admin   string `json:"admin"`
}

func newJournal() *journal {
	return &journal{serving: make(chan addresses, 1), ended: make(chan struct{})}
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Write keeps the text, which may begin or end within a line.
func (j *journal) Write(text []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(text)
	if j.found {
		return len(text), nil
	}
	for line := range strings.Lines(j.text.String()) {
		at, ok := parseServing(line)
		if ok {
			j.found = true
			j.serving <- at
			break
		}
	}
	return len(text), nil
}

// parseServing reads a line of the log; ok where it is a whole line that tells both addresses.
func parseServing(line string) (at addresses, ok bool) {
	err := json.Unmarshal([]byte(line), &at)
	return at, err == nil && at.Message == "serving" && at.Address != "" && at.Admin != ""
}
