package egress

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"
)

// Bounds hold for every response, whoever sends it.
type Bounds struct {
	// Timeout is how long a request may take, from dialling to the last byte of
	// its body, its one retry included.
	Timeout time.Duration
	// BodyBytes is how much of a body is read.
	BodyBytes int64
	// Commas is how many commas a body may have; 0 for any number. A list in JSON has one
	// for each further member, and a member can take a hundred times its own size in
	// memory once it is parsed: bytes alone do not bound what is read.
	Commas int
	// Large are the permits to hold a large body: one of more than 64 KiB, or more than 2048 commas. A body that
	// grows large waits for one, and gives it back when it is closed. So the sum of all bodies is bounded, and a
	// registry that sends large ones slowly keeps only large ones of others waiting. Nil for any number.
	Large Permits
}

// Permits are so many as the channel has room for.
type Permits chan struct{}

const (
	// smallBody and smallCommas are what a body may have without a permit. An honest list of a hundred
	// signatures fits.
	smallBody   = 64 << 10
	smallCommas = 2 << 10
)

// Options make a Transport.
type Options struct {
	Guard  *Guard
	Bounds Bounds
	// RootCAs are whom to believe about servers; nil for the system's.
	RootCAs *x509.CertPool
	// Health is what is known of hosts, where it is shared with another transport; nil for
	// one of its own.
	Health *Health
	// Observe is told of every attempt: the status, or 0 where there was none; nil is fine.
	Observe func(status int, took time.Duration)
}

// Transport is an http.RoundTripper for one registry, or for all revocation
// endpoints. It pools connections, speaks HTTP/2 where the server does, bounds
// time and bytes, retries once what a server says was its own fault, and keeps
// away from a host that asked for it (429) as long as it asked, and from one that
// keeps failing but for a probe now and then.
type Transport struct {
	Options
	pool *Pool
}

// Health is what transports have learnt of hosts: which asked to be left alone, and which
// keep failing.
type Health struct {
	rests    cooldowns
	breakers *breakers
}

// NewHealth knows of nothing.
func NewHealth() *Health { return &Health{breakers: newBreakers()} }

// NewTransport returns a transport with a pool of its own.
func NewTransport(o Options) *Transport {
	if o.Observe == nil {
		o.Observe = func(int, time.Duration) {}
	}
	if o.Health == nil {
		o.Health = NewHealth()
	}
	return &Transport{Options: o, pool: NewPool(o.Guard.DialContext, o.RootCAs)}
}

// CloseIdleConnections ends what nobody uses.
func (t *Transport) CloseIdleConnections() { t.pool.CloseIdleConnections() }

// RoundTrip sends a request, within the bounds.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), t.Bounds.Timeout)
	response, err := t.send(ctx, request)
	if err == nil && response.ContentLength > t.Bounds.BodyBytes && request.Method != http.MethodHead {
		_ = response.Body.Close()
		err = fmt.Errorf("%w: %d bytes announced", ErrTooLarge, response.ContentLength)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &boundedBody{
		Reader: io.LimitReader(response.Body, t.Bounds.BodyBytes+1), body: response.Body,
		left: t.Bounds.BodyBytes, commas: cmp.Or(t.Bounds.Commas, math.MaxInt),
		small: smallBody, smallCommas: smallCommas, large: t.Bounds.Large, ctx: ctx, cancel: cancel,
	}
	return response, nil
}

// send makes the first attempt and, where the server said so, the second.
func (t *Transport) send(ctx context.Context, request *http.Request) (*http.Response, error) {
	response, err := t.attempt(ctx, request)
	if err != nil || !t.again(ctx, response) {
		return response, err
	}
	_ = response.Body.Close()
	return t.attempt(ctx, request)
}

// serverPause lets a server that just failed breathe before the one retry.
const serverPause = 50 * time.Millisecond

// again tells whether a request is worth a second attempt, after the pause that a
// failing server is due. What may have changed something is never sent twice.
func (t *Transport) again(ctx context.Context, response *http.Response) bool {
	request := response.Request
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		return false
	}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		return fits(ctx, t.Health.rests.end(request.URL.Host)) // and the attempt waits
	case isFailure(response.StatusCode):
		return fits(ctx, time.Now().Add(serverPause)) && sleep(ctx, serverPause) == nil
	}
	return false
}

func (t *Transport) attempt(ctx context.Context, request *http.Request) (*http.Response, error) {
	host := request.URL.Host
	done, err := t.admit(ctx, host)
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	began := time.Now()
	response, err := t.pool.RoundTrip(request.WithContext(ctx))
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	done(failure(request, status, err))
	t.Observe(status, time.Since(began))
	if status == http.StatusTooManyRequests {
		t.Health.rests.extend(host, time.Now().Add(retryAfter(response.Header)))
	}
	return response, err
}

// admit waits until a host may be asked, or says why it may not.
func (t *Transport) admit(ctx context.Context, host string) (done func(error), err error) {
	if err := t.Health.rests.wait(ctx, host); err != nil {
		return nil, err
	}
	return t.Health.breakers.allow(host)
}

// ErrTooLarge is a body beyond the bound.
var ErrTooLarge = errors.New("response body too large")

// boundedBody ends its request's deadline when it is closed, and fails when there
// is more than the bound: what was cut must not pass for the whole.
type boundedBody struct {
	io.Reader
	body   io.Closer
	left   int64
	commas int

	small       int64
	smallCommas int
	large       Permits
	held        bool // a permit

	ctx    context.Context //nolint:containedctx // the request's, which the body is part of
	cancel context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if err := b.await(); err != nil {
		return 0, err
	}
	n, err := b.Reader.Read(p)
	commas := bytes.Count(p[:n], []byte{','})
	b.left -= int64(n)
	b.commas -= commas
	b.small -= int64(n)
	b.smallCommas -= commas
	if b.left < 0 || b.commas < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// await waits for a permit once the body is large.
func (b *boundedBody) await() error {
	if b.large == nil || b.held || b.small > 0 && b.smallCommas > 0 {
		return nil
	}
	select {
	case b.large <- struct{}{}:
		b.held = true
		return nil
	case <-b.ctx.Done():
		return fmt.Errorf("waiting to read a large answer: %w", b.ctx.Err())
	}
}

func (b *boundedBody) Close() error {
	defer b.cancel()
	if b.held {
		b.held = false
		<-b.large
	}
	return b.body.Close()
}
