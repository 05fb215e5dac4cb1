package egress

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// race returns the first response of two attempts. If there is none, it returns the error of
// the second, which was not sent on the dead connection.
func race(first, second *attempt) (*http.Response, error) {
	select {
	case <-first.done:
		if first.err == nil {
			second.drop()
			return first.wait()
		}
		return second.wait()
	case <-second.done:
		if second.err == nil {
			first.drop()
			return second.wait()
		}
		if response, err := first.wait(); err == nil {
			return response, nil
		}
		return nil, second.err
	}
}

// attempt is a request on one connection.
type attempt struct {
	request *http.Request
	cancel  context.CancelFunc
	done    chan struct{} // closed when there is a response or an error

	response *http.Response // read these after done
	err      error

	// What is known of its connection: there is one, it was kept, its protocol, it brought
	// a byte, and how long it had been idle.
	connected, kept, http1, answered atomic.Bool
	idle                             atomic.Int64
}

// start starts an attempt.
func (p *Pool) start(request *http.Request) *attempt {
	ctx, cancel := context.WithCancel(request.Context())
	a := &attempt{request: request, cancel: cancel, done: make(chan struct{})}
	if proxy, err := p.proxy(request.URL); err == nil && proxy != nil { // which the guard must know
		ctx = context.WithValue(ctx, proxyKey{}, addressOf(proxy))
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { // called again where net/http took another connection by itself
			a.connected.Store(true)
			a.idle.Store(int64(info.IdleTime))
			secured, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
			a.http1.Store(!ok || secured.ConnectionState().NegotiatedProtocol != "h2")
			a.kept.Store(info.Reused)
		},
		GotFirstResponseByte: func() { a.answered.Store(true) },
	})
	go func() {
		defer close(a.done)
		a.response, a.err = p.transport.RoundTrip(request.WithContext(ctx)) //nolint:bodyclose // who waits closes it
		switch {
		case a.err == nil:
			a.response.Request = request
			a.response.Body = &endingBody{a.response.Body, cancel}
		case !a.connected.Load():
			a.err = fmt.Errorf("%w: %w", ErrNoConnection, a.err)
		}
	}()
	return a
}

// dead waits for the end of the attempt, or until its connection seems to be dead, and
// tells which: it was kept, and it broke, or it is one of HTTP/1.1 that had been idle for a
// while and says nothing.
func (a *attempt) dead() bool {
	select {
	case <-a.done:
	case <-time.After(silentFor):
		if a.kept.Load() && a.http1.Load() && !a.answered.Load() && time.Duration(a.idle.Load()) >= provenFor {
			return true
		}
		<-a.done
	}
	return a.kept.Load() && a.err != nil && a.inTime()
}

// inTime tells whether there is an answer to wait for.
func (a *attempt) inTime() bool { return a.request.Context().Err() == nil }

func (a *attempt) wait() (*http.Response, error) {
	<-a.done
	if a.err != nil {
		a.cancel()
	}
	return a.response, a.err
}

// drop ends an attempt that is not waited for.
func (a *attempt) drop() {
	a.cancel()
	go func() {
		if response, err := a.wait(); err == nil {
			_ = response.Body.Close()
		}
	}()
}

// endingBody ends its request's context when it is closed.
type endingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *endingBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
