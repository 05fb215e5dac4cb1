package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// Server is the two doors, bound and not yet serving. Make one with [New], then
// call Run, which also gives the addresses back.
type Server struct {
	options  Options
	door     *door
	main     endpoint
	side     endpoint
	draining atomic.Bool
}

// endpoint is a bound address with what answers there.
type endpoint struct {
	listener net.Listener
	http     *http.Server
}

// New binds both doors, so that an address that is taken is an error here. It
// answers nothing before Run.
func New(options Options) (*Server, error) {
	o, err := options.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o}
	s.door = &door{
		clients: clients{ca: o.ClientCA, names: o.ClientNames, now: o.now},
		next:    o.Handler,
		refuse:  o.Refuse,
		log:     o.Log,

		draining: s.draining.Load,
	}
	s.main.http = o.httpServer(s.door)
	s.main.http.ConnContext = s.door.connection
	s.main.http.TLSConfig = s.door.clients.tlsConfig(o.Identity)
	s.side.http = o.httpServer(s.admin())
	if err := s.bind(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) bind() (err error) {
	var listen net.ListenConfig
	if s.main.listener, err = listen.Listen(context.Background(), "tcp", s.options.Listen); err != nil {
		return fmt.Errorf("open the mutual TLS door: %w", err)
	}
	if s.side.listener, err = listen.Listen(context.Background(), "tcp", s.options.AdminListen); err != nil {
		_ = s.main.listener.Close()
		return fmt.Errorf("open the admin door: %w", err)
	}
	return nil
}

// Addr is the address of the mutual TLS door.
func (s *Server) Addr() net.Addr { return s.main.listener.Addr() }

// AdminAddr is the address of the admin door.
func (s *Server) AdminAddr() net.Addr { return s.side.listener.Addr() }
