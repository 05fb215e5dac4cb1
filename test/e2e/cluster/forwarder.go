//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// forwarder passes on the connections to one port of a service.
type forwarder struct {
	listener net.Listener

	mu        sync.Mutex
	endpoints []string
	next      int
}

func newForwarder(ctx context.Context, address string) (*forwarder, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening at a service's address: %w", err)
	}
	return &forwarder{listener: listener}, nil
}

func (f *forwarder) set(endpoints []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endpoints = endpoints
}

// close ends the listening. Connections live on.
func (f *forwarder) close() { _ = f.listener.Close() }

// turn is all endpoints, beginning with the one whose turn it is.
func (f *forwarder) turn() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.endpoints) == 0 {
		return nil
	}
	f.next = (f.next + 1) % len(f.endpoints)
	return append(slices.Clone(f.endpoints[f.next:]), f.endpoints[:f.next]...)
}

// forward tries each endpoint in turn; where none answers, the connection is reset.
func (f *forwarder) forward(from net.Conn) {
	dialer := net.Dialer{Timeout: time.Second}
	for _, endpoint := range f.turn() {
		if to, err := dialer.DialContext(context.Background(), "tcp", endpoint); err == nil {
			splice(from, to)
			return
		}
	}
	if tcp, ok := from.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = from.Close()
}
