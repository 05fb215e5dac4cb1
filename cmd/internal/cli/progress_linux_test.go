package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
)

// works has a command work for some time, and returns how often it was asked how far it is.
func works(t *testing.T, stderr io.Writer, work time.Duration) (asked int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var stdout bytes.Buffer
		c := &cobra.Command{}
		c.SetOut(&stdout)
		c.SetErr(stderr)
		stop := cli.Progress(c, func() string { asked++; return fmt.Sprintf("checked %d of 9 images", asked) })
		time.Sleep(work)
		stop()
		if stdout.Len() > 0 {
			t.Errorf("standard output has %q", &stdout)
		}
	})
	return asked
}

// A person at a terminal sees how far the work is, on one line, which is gone at the end. Short work shows nothing.
func TestProgressIsShownAtATerminal(t *testing.T) {
	person, line, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close()
	asked := works(t, line, 4*time.Second+time.Millisecond)
	const clear = "\r\x1b[K"
	want := clear + "checked 1 of 9 images" + clear + "checked 2 of 9 images" + clear + "checked 3 of 9 images" + clear
	seen := make([]byte, len(want))
	if _, err := io.ReadFull(person, seen); err != nil || string(seen) != want || asked != 3 {
		t.Errorf("shows %q, asked %d times, %v", seen, asked, err)
	}
	if asked := works(t, line, time.Second); asked != 0 {
		t.Errorf("after a second it is shown %d times", asked)
	}
}

// A log, a pipe and a file get no progress: what reads them would take it for an error, or for a part of the result.
func TestProgressIsNotWrittenElsewhere(t *testing.T) {
	var log bytes.Buffer
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for _, stderr := range []io.Writer{&log, file, pipe} {
		if asked := works(t, stderr, time.Minute); asked > 0 {
			t.Errorf("%T: it is written %d times", stderr, asked)
		}
	}
	pipe.Close()
	piped, err := io.ReadAll(read)
	kept, also := os.ReadFile(file.Name())
	if got := log.String() + string(piped) + string(kept); strings.TrimSpace(got) != "" || err != nil || also != nil {
		t.Errorf("%q, %v, %v", got, err, also)
	}
}
