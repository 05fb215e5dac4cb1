package valkey

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
)

// boundedConn is a connection that ends with the first reply beyond the bounds.
type boundedConn struct {
	net.Conn

	replies replies
}

// Read implements [net.Conn].
func (c *boundedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if wrong := c.replies.follow(p[:n]); wrong != nil {
		return 0, errors.Join(wrong, c.Close())
	}
	return n, err
}

// plainConn has go-redis look whether the server has closed the connection, before it is used again. Over TLS it cannot.
type plainConn struct {
	*boundedConn

	syscall.Conn
}

// bounded puts the bounds of o round a connection.
func (o Options) bounded(conn net.Conn) net.Conn {
	c := &boundedConn{Conn: conn, replies: replies{text: o.text(), whole: max(mostTopology, 2*o.text())}}
	if raw, ok := conn.(syscall.Conn); ok {
		return plainConn{c, raw}
	}
	return c
}

// dial connects to a "host:port": over TLS, unless the configuration says plain text.
func (s *session) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address // go-redis takes it away where the slots of a Cluster are on this machine
	}
	conn, err := s.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if s.tls == nil {
		return s.options.bounded(conn), nil
	}
	c := s.tls.Clone()
	if c.ServerName == "" {
		if c.ServerName, _, err = net.SplitHostPort(address); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s.options.bounded(secure), nil
}
