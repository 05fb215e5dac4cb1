package cli

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// How long work may take before a line of progress is written, and how often that is renewed.
const progressAfter, progressEvery = 2 * time.Second, time.Second

// clearLine goes to the begin of a terminal's line and empties it.
const clearLine = "\r\x1b[K"

// Progress shows on standard error how far long work is: one line that changes every second, and is gone at the end.
// It is for a person who waits, so it is shown at a terminal alone; logs, pipes and files get nothing. Line is the text of
// the moment. Stop ends it.
func Progress(c *cobra.Command, line func() string) (stop func()) {
	out, isFile := c.ErrOrStderr().(*os.File)
	if !isFile || !term.IsTerminal(int(out.Fd())) {
		return func() {}
	}
	end := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		timer := time.NewTimer(progressAfter)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				fmt.Fprint(out, clearLine, printable.Text(line()))
				timer.Reset(progressEvery)
			case <-end:
				fmt.Fprint(out, clearLine)
				return
			}
		}
	})
	return func() {
		close(end)
		ended.Wait()
	}
}
