package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// anyPort is an ephemeral port of loopback.
const anyPort = "127.0.0.1:0"

// listener is an HTTP server. It holds the port before it has a handler, since a
// registry must know its own address to build one.
type listener struct {
	net.Listener
	server *http.Server
	done   chan struct{}
}

func listen(address string) (*listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return &listener{Listener: l, done: make(chan struct{})}, nil
}

// serve answers until close, over TLS (and HTTP/2) with the certificate or, without one, in plain text.
func (l *listener) serve(handler http.Handler, cert *tls.Certificate) {
	l.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that distrust us are the point of some tests
	}
	go func() {
		defer close(l.done)
		if cert == nil {
			_ = l.server.Serve(l.Listener) // ends by close only
			return
		}
		l.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
		_ = l.server.ServeTLS(l.Listener, "", "") // ends by close only
	}()
}

// host is the address to dial.
func (l *listener) host() string {
	return l.Addr().String()
}

// close ends every connection: a client that waits gets an error.
func (l *listener) close() error {
	if l.server == nil {
		return l.Close()
	}
	err := l.server.Close()
	<-l.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
