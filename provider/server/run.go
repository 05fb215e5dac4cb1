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
// is left. The error is nil when all requests were finished; it says so when
// some were cut off, or when a door could not be kept open. Call it once.
func (s *Server) Run(ctx context.Context) error {
	// Requests do not end with ctx: they are what draining is for.
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s.main.http.BaseContext = func(net.Listener) context.Context { return requests }

	// running also ends when a door fails, so that the other does not stay open.
	doors, running := errgroup.WithContext(ctx)
	doors.Go(func() error { return unlessClosed(s.main.http.ServeTLS(s.main.listener, "", "")) })
	doors.Go(func() error { return unlessClosed(s.side.http.Serve(s.side.listener)) })
	<-running.Done()

	s.draining.Store(true)
	s.options.Log.InfoContext(ctx, "draining", "delay", s.options.DrainDelay, "timeout", s.options.DrainTimeout)
	s.options.sleep(s.options.DrainDelay)
	return errors.Join(s.drain(ctx, cut), doors.Wait())
}

// drain stops accepting, lets what is in flight finish, and cuts off the rest.
// The admin listener closes last: until then it says that we are draining.
func (s *Server) drain(ctx context.Context, cut context.CancelFunc) error {
	// What ended Run must not end what is still being answered.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.DrainTimeout)
	defer cancel()
	err := s.main.http.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("cut off what was in flight after %v: %w", s.options.DrainTimeout, err)
		cut()
		_ = s.main.http.Close()
	}
	s.clientAuth.inflight.close()
	if s.side.http.Shutdown(ctx) != nil {
		_ = s.side.http.Close()
	}
	return err
}

// unlessClosed drops the error by which net/http says that all is well.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
