package regularfile

import (
	"errors"
	"os"
	"testing"
	"time"
)

// A file whose reader waits is given up. A pipe stands for those of /proc that say they are
// regular, which only root may open.
func TestWaitEnds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(r.Close(), w.Close()) }()
	expire(r, time.Millisecond)
	if _, err := ReadAll(r, "pipe", 1); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadAll: %v; want %v", err, os.ErrDeadlineExceeded)
	}
}
