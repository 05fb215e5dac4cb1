package server

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// conn is a connection that its listener counts.
type conn struct {
	*net.TCPConn
	listener *limitListener
	from     netip.Addr

	// bounded tells whether only so much may be read, and left how much that is.
	bounded atomic.Bool
	left    int

	// verified is how its client was verified last, so that not every request pays for verifying the same chain.
	verified atomic.Pointer[authentication]

	// in is the pool that the connection is in, nil when it is counted no more. It is under the listener's lock.
	in *pool
}

// connOf returns the connection under one of TLS.
func connOf(c net.Conn) (*conn, bool) {
	secured, ok := c.(*tls.Conn)
	if !ok {
		return nil, false
	}
	under, ok := secured.NetConn().(*conn)
	return under, ok
}

// Read fails when an unknown client has sent too much: crypto/tls keeps a message until it is
// whole, which may take 64 KiB, or 256 KiB for certificates.
func (c *conn) Read(p []byte) (int, error) {
	if !c.bounded.Load() {
		return c.TCPConn.Read(p)
	}
	if c.left == 0 {
		return 0, fmt.Errorf("the client has sent %d bytes before the end of the TLS handshake", c.listener.limits.bytes)
	}
	n, err := c.TCPConn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// Close also gives back the connection's place.
func (c *conn) Close() error {
	c.listener.forget(c)
	return c.TCPConn.Close()
}
