package logging_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
)

// reader stands for what reads the log: it can stop, and it can go away.
type reader struct {
	mu   sync.Mutex
	out  bytes.Buffer
	gone error
	stop chan struct{} // each write waits for it, if it is there
}

func (r *reader) Write(p []byte) (int, error) {
	if r.stop != nil {
		<-r.stop
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone != nil {
		return 0, r.gone
	}
	return r.out.Write(p)
}

func (r *reader) goAway(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = err
}

func (r *reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

func count(to io.Writer, dropped int) { fmt.Fprintf(to, "%d dropped\n", dropped) }

func write(t *testing.T, q *logging.Queue, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if n, err := io.WriteString(q, line); n != len(line) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
}

func TestLinesAreWrittenInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reader
		q := logging.NewQueue(&r, 1<<20, nil)
		var want strings.Builder
		line := make([]byte, 5)
		for i := range 1000 {
			copy(line, fmt.Sprintf("%04d\n", i)) // the queue must not keep what is ours
			want.Write(line)
			write(t, q, string(line))
		}
		if !q.Close(time.Second) || r.String() != want.String() || q.Dropped() != 0 {
			t.Errorf("%d dropped, and the log is\n%s", q.Dropped(), r.String())
		}
	})
}

// While the log is not read, Write returns at once; what there is no room for is counted, and told
// once somebody reads again.
func TestAFullQueueDropsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := reader{stop: make(chan struct{})}
		q := logging.NewQueue(&r, 40, count)
		began := time.Now()
		for i := range 100 {
			write(t, q, fmt.Sprintf("line %04d\n", i)) // 10 bytes
			synctest.Wait()
		}
		if took := time.Since(began); took != 0 || q.Dropped() != 96 {
			t.Errorf("took %v and dropped %d; want no time, and 96", took, q.Dropped())
		}
		close(r.stop)
		synctest.Wait()
		write(t, q, "afterward\n")
		synctest.Wait()
		if want := "line 0000\nline 0001\n96 dropped\nline 0002\nline 0003\nafterward\n"; r.String() != want {
			t.Errorf("the log is\n%swant\n%s", r.String(), want)
		}
		if !q.Close(time.Second) || q.Dropped() != 96 {
			t.Errorf("%d dropped at the end", q.Dropped())
		}
	})
}

func TestALineThatIsTooLongIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reader
		q := logging.NewQueue(&r, 10, count)
		write(t, q, "more than ten bytes\n", "few\n")
		if !q.Close(time.Second) || r.String() != "1 dropped\nfew\n" {
			t.Errorf("the log is\n%s", r.String())
		}
	})
}

func TestAReaderThatGoesAwayCostsItsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := reader{gone: errors.New("broken pipe")}
		q := logging.NewQueue(&r, 100, count)
		write(t, q, "one\n", "two\n", "three\n")
		synctest.Wait()
		r.goAway(nil)
		write(t, q, "four\n")
		if !q.Close(time.Second) || r.String() != "3 dropped\nfour\n" || q.Dropped() != 3 {
			t.Errorf("%d dropped, and the log is\n%s", q.Dropped(), r.String())
		}
	})
}

func TestCloseWaitsForTheReaderButNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := reader{stop: make(chan struct{})}
		q := logging.NewQueue(&r, 100, count)
		write(t, q, "one\n")
		began := time.Now()
		if q.Close(time.Second) || time.Since(began) != time.Second {
			t.Errorf("Close took %v; want it to give up after a second", time.Since(began))
		}
		write(t, q, "late\n")
		close(r.stop)
		if !q.Close(time.Second) || r.String() != "one\n1 dropped\n" {
			t.Errorf("the log is\n%s", r.String())
		}
	})
}

func TestManyWriteAtOnce(t *testing.T) {
	var r reader
	q := logging.NewQueue(&r, 1<<20, nil)
	var writing sync.WaitGroup
	for range 8 {
		writing.Go(func() {
			for range 100 {
				write(t, q, "0123456789\n")
			}
		})
	}
	writing.Wait()
	if !q.Close(10*time.Second) || r.String() != strings.Repeat("0123456789\n", 800) {
		t.Errorf("%d dropped of 800", q.Dropped())
	}
}
