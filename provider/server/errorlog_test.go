package server_test

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func TestAStrangerCannotFloodTheLog(t *testing.T) {
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	w := start(t, hello, func(o *server.Options) { *o = server.WithClock(*o, clock) })
	knock := func() {
		conn, err := net.Dial("tcp", w.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "not TLS at all\n")
		io.Copy(io.Discard, conn) // the server hangs up once it has logged the failure
	}
	for range 30 {
		knock()
	}
	expect.Until(t, "twenty were logged", func() bool { return strings.Count(w.log.String(), "TLS handshake failed") == 20 })
	ahead.Store(int64(time.Minute))
	knock()
	w.log.says(t, "connection errors not logged")
	w.log.says(t, `count=10`)
}
