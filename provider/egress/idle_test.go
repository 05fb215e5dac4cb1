package egress_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// tally is the connections of a server, by their state.
type tally struct {
	mu    sync.Mutex
	conns map[net.Conn]http.ConnState
	ended chan struct{} // one for each connection that was closed
}

func (c *tally) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conns[conn] = state; state == http.StateClosed {
		delete(c.conns, conn)
		c.ended <- struct{}{}
	}
}

func (c *tally) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns)
}

// Of the connections that many requests at once have made, as many are kept as the options say.
func TestIdleConnectionsAreBounded(t *testing.T) {
	const requests, idle = 12, 2
	var together sync.WaitGroup
	together.Add(requests)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		together.Done()
		together.Wait()
	}))
	conns := tally{conns: map[net.Conn]http.ConnState{}, ended: make(chan struct{}, requests)}
	server.Config.ConnState = conns.note
	server.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := egress.NewTransport(egress.Options{
		Guard: egress.NewGuard(server.Listener.Addr().String()), Bounds: egress.Bounds{Timeout: time.Minute, BodyBytes: 100},
		RootCAs: egress.Roots([]*x509.Certificate{server.Certificate()}, true), Idle: idle,
	})
	t.Cleanup(transport.CloseIdleConnections)
	var asked sync.WaitGroup
	for range requests {
		asked.Go(func() {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		})
	}
	asked.Wait()
	for late := time.After(10 * time.Second); conns.open() > idle; {
		select {
		case <-conns.ended:
		case <-late:
			t.Fatalf("%d connections are kept, want %d", conns.open(), idle)
		}
	}
}
