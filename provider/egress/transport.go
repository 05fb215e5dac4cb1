package egress

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Bounds hold for every response.
type Bounds struct {
	// Timeout is how long a request may take, from dialling to the last byte of its
	// body, including its one retry.
	Timeout time.Duration
	// BodyBytes is how much of a body is read.
	BodyBytes int64
	// Commas is how many commas a body may have; 0 for any number. A list in JSON has one
	// for each further member, and a member can take a hundred times its own size in
	// memory once it is parsed: bytes alone do not bound what is read.
	Commas int
	// Large are the permits to hold a large body: one of more than 64 KiB, or more than 2048 commas. A body that
	// grows large waits for one, and gives it back when it is closed. So the sum of all bodies is bounded, and a
	// registry that sends large ones slowly keeps only large ones of others waiting. It takes one of each in their
	// order: those of the host first, so that no host has all. None for any number.
	Large []Permits
}

// Permits are so many as the channel has room for.
type Permits chan struct{}

// Options make a Transport.
type Options struct {
	Guard  *Guard
	Bounds Bounds
	// RootCAs verify the servers' certificates; nil for the system's.
	RootCAs *x509.CertPool
	// Health is that of hosts, where it is shared with another transport; nil for one of its
	// own.
	Health *Health
	// Probe is the path that shows whether a host is well: any answer but 429 and 5xx does.
	// Without it there is no probe, and failures are held against repositories only.
	Probe string
	// Idle is how many connections of a host are kept that are not in use. Default: 32.
	Idle int
	// Observe is called for every attempt: the status, or 0 where there was none; nil is fine.
	Observe func(status int, took time.Duration)
}

// Transport is an http.RoundTripper for one registry, or for all revocation
// endpoints. It pools connections, speaks HTTP/2 where the server does, bounds
// time and bytes, retries once where a server says that it failed, waits as long
// as a 429 asks for, and has a circuit breaker for what keeps failing.
type Transport struct {
	options Options
	pool    *Pool
}

// NewTransport returns a transport with a pool of its own.
func NewTransport(o Options) *Transport {
	if o.Observe == nil {
		o.Observe = func(int, time.Duration) {}
	}
	if o.Health == nil {
		o.Health = NewHealth()
	}
	pool := NewPool(o.Guard.DialContext, o.RootCAs)
	pool.transport.MaxIdleConnsPerHost = cmp.Or(o.Idle, pool.transport.MaxIdleConnsPerHost)
	return &Transport{options: o, pool: pool}
}

// CloseIdleConnections closes the connections that are not in use.
func (t *Transport) CloseIdleConnections() { t.pool.CloseIdleConnections() }

// CircuitOpen tells whether a host fails, so that it gets probes only.
func (t *Transport) CircuitOpen(host string) bool { return t.options.Health.CircuitOpen(host) }

// RoundTrip sends a request, within the bounds.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), t.options.Bounds.Timeout)
	response, err := t.send(ctx, request)
	if err == nil && response.ContentLength > t.options.Bounds.BodyBytes && request.Method != http.MethodHead {
		_ = response.Body.Close()
		err = fmt.Errorf("%w: %d bytes announced", ErrTooLarge, response.ContentLength)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &boundedBody{
		Reader: io.LimitReader(response.Body, t.options.Bounds.BodyBytes+1), body: response.Body,
		left: t.options.Bounds.BodyBytes, commas: cmp.Or(t.options.Bounds.Commas, math.MaxInt),
		small: smallBody, smallCommas: smallCommas, large: t.options.Bounds.Large, ctx: ctx, cancel: cancel,
	}
	return response, nil
}

// send makes the first attempt and, where that is worth it, the second.
func (t *Transport) send(ctx context.Context, request *http.Request) (*http.Response, error) {
	host, repository := t.options.Health.of(request)
	done, err := t.waitTurn(ctx, request, host, repository)
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	response, err := t.once(ctx, request, &repository.cooldown)
	failed := failure(request, response, err)
	if failed != nil && err == nil && again(ctx, response, repository) {
		_ = response.Body.Close()
		if err = repository.wait(ctx); err == nil {
			response, err = t.once(ctx, request, &repository.cooldown)
		}
		failed = failure(request, response, err)
	}
	done(failed)
	if err != nil {
		return nil, err
	}
	return response, nil
}

// serverPause is the pause before the one retry of a server that has failed.
const serverPause = 50 * time.Millisecond

// again tells whether a request that was answered by 429, or by the server's failure, is worth a second attempt, after the
// pause. A request that may change something is never sent twice.
func again(ctx context.Context, response *http.Response, repository *repositoryHealth) bool {
	if response.Request.Method != http.MethodGet && response.Request.Method != http.MethodHead {
		return false
	}
	if response.StatusCode == http.StatusTooManyRequests {
		return fits(ctx, repository.until()) // and that is waited for
	}
	return repository.circuit.State() == gobreaker.StateClosed && fits(ctx, time.Now().Add(serverPause)) && sleep(ctx, serverPause) == nil
}

// once sends a request and has its end observed. A 429 starts the cooldown of the repository or, for a probe, of the host.
func (t *Transport) once(ctx context.Context, request *http.Request, limited *cooldown) (*http.Response, error) {
	began := time.Now()
	response, err := t.pool.RoundTrip(request.WithContext(ctx))
	if err != nil {
		t.options.Observe(0, time.Since(began))
		return nil, err
	}
	t.options.Observe(response.StatusCode, time.Since(began))
	if response.StatusCode == http.StatusTooManyRequests {
		limited.extend(time.Now().Add(retryAfter(response.Header)))
	}
	return response, nil
}
