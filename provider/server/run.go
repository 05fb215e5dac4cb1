package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"golang.org/x/sync/errgroup"
)

// Run serves until ctx is done, drains, and returns when nothing of the server
// is left. The error is nil when all requests were finished; otherwise it says
// that some were cut off, or that a listener failed. Call it once.
func (s *Server) Run(ctx context.Context) error {
	// Requests do not end with ctx: they are what draining is for.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s.main.http.BaseContext = func(net.Listener) context.Context { return requests }

	// running also ends when a listener fails, so that the other does not stay open.
	listeners, running := errgroup.WithContext(ctx)
	listeners.Go(func() error { return unlessClosed(s.main.http.ServeTLS(s.main.listener, "", "")) })
	listeners.Go(func() error { return unlessClosed(s.side.http.Serve(s.side.listener)) })
	<-running.Done()

	s.draining.Store(true)
	s.options.Log.InfoContext(ctx, "draining", "delay", s.options.DrainDelay, "timeout", s.options.DrainTimeout)
	s.options.sleep(s.options.DrainDelay)
	return errors.Join(s.drain(ctx, cut), listeners.Wait())
}

// drain stops accepting, waits for the requests in flight, and cuts off the rest.
// The admin listener closes last: until then readiness says that the server drains.
func (s *Server) drain(ctx context.Context, cut context.CancelFunc) error {
	// The end of Run's context must not end the requests in flight.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTimeout)
	defer cancel()
	err := s.main.http.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests in flight were cut off after %v: %w", s.options.DrainTimeout, err)
		cut()
		_ = s.main.http.Close()
	}
	s.clientAuth.inflight.close()
	if s.side.http.Shutdown(ctx) != nil {
		_ = s.side.http.Close()
	}
	return err
}

// unlessClosed drops the error that net/http returns after Shutdown.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
