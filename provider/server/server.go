package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// Server is the two listeners, bound and not yet serving. Make one with [New], then
// call Run, which also gives the addresses back.
type Server struct {
	options    Options
	clientAuth *clientAuth
	main       endpoint
	side       endpoint
	draining   atomic.Bool
}

// endpoint is a bound address with what answers there.
type endpoint struct {
	listener *limitListener
	http     *http.Server
}

// The most connections. Gatekeeper has a few replicas, each of which keeps ten idle and
// opens more when it is busy; at the admin listener there are probes and Prometheus.
const (
	maxHandshakes  = 256
	maxConnections = 1024
	maxAdmin       = 64
)

// New binds both listeners, so that an address that is taken is an error here. It
// answers nothing before Run.
func New(options Options) (*Server, error) {
	o, err := options.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o}
	s.clientAuth = &clientAuth{
		clients: clients{ca: o.ClientCA, names: o.ClientNames, now: o.now, within: o.ReadHeaderTimeout, verifying: semaphore.NewWeighted(maxVerifying)},
		next:    o.Handler,
		refuse:  o.Refuse,
		log:     o.Log,

		draining: s.draining.Load,
	}
	s.main.http = o.httpServer(s.clientAuth)
	s.main.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		under, _ := connOf(c)
		return context.WithValue(ctx, connectionKey{}, under)
	}
	s.main.http.ConnState = func(c net.Conn, state http.ConnState) {
		if counted, ok := connOf(c); ok {
			s.main.listener.state(counted, state) // bound below
		}
	}
	s.main.http.TLSConfig = s.clientAuth.clients.tlsConfig(o.Identity)
	s.side.http = o.httpServer(s.admin())
	if err := s.bind(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) bind() (err error) {
	if s.main.listener, err = listen(s.options.Listen, connLimits{handshaking: maxHandshakes, all: maxConnections, bytes: maxHandshakeBytes}); err != nil {
		return fmt.Errorf("open the mutual TLS listener: %w", err)
	}
	if s.side.listener, err = listen(s.options.AdminListen, connLimits{handshaking: maxAdmin, all: maxAdmin}); err != nil {
		_ = s.main.listener.Close()
		return fmt.Errorf("open the admin listener: %w", err)
	}
	return nil
}

func listen(address string, limits connLimits) (*limitListener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp, ok := listener.(*net.TCPListener)
	if !ok { // "tcp" listens on nothing else
		return nil, errors.Join(fmt.Errorf("%s is no TCP address", address), listener.Close())
	}
	return newLimitListener(tcp, limits), nil
}

// Connections is how many there are now, by listener.
func (s *Server) Connections() []Connections {
	main, side := s.main.listener.count("gatekeeper"), s.side.listener.count("admin")
	side.Open, side.Handshaking = side.Handshaking, 0
	return []Connections{main, side}
}

// Addr is the address of the mutual TLS listener.
func (s *Server) Addr() net.Addr { return s.main.listener.Addr() }

// AdminAddr is the address of the admin listener.
func (s *Server) AdminAddr() net.Addr { return s.side.listener.Addr() }
