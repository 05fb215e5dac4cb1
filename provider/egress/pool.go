package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// How a dead connection is found. A load balancer that fails over, or a firewall that
// forgets, leaves connections that take what is sent and never answer. All of it together
// is less than one answer may take (answerWithin, 1.8 s by default).
const (
	// pingAfter is how long an HTTP/2 connection may be silent before it is sent a ping
	// (RFC 9113 section 6.7), and pingTimeout how long the answer may take: a distant
	// registry has a round trip of a third of a second.
	pingAfter, pingTimeout = 500 * time.Millisecond, 750 * time.Millisecond
	// silentFor is how long a kept HTTP/1.1 connection may be silent before its request is
	// sent on another one too: HTTP/1.1 has no pings, and the server may just be slow.
	silentFor = 750 * time.Millisecond
	// provenFor is how long a connection that was in use is taken to live. Without it each
	// request to a slow HTTP/1.1 server would be sent twice.
	provenFor = time.Second
	// idleFor is how long a connection is kept that is not in use; while it is, it is pinged.
	idleFor = 30 * time.Second
)

// Pool is an http.RoundTripper that keeps connections for later requests, and finds out
// soon when one is dead. A GET or HEAD that was sent on a dead one is sent again at once
// on another. What may change something is never sent twice.
type Pool struct {
	transport *http.Transport
	proxy     func(*url.URL) (*url.URL, error)
}

// Dial connects to a "host:port", as net.Dialer does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// NewPool returns a pool without connections. Nil roots are the system's.
func NewPool(dial Dial, roots *x509.CertPool) *Pool {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	return &Pool{proxy: proxy, transport: &http.Transport{
		Proxy:                  func(request *http.Request) (*url.URL, error) { return proxy(request.URL) },
		OnProxyConnectResponse: checkProxy,
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: 64 << 10,
		// What is signed is bytes as they are; and a bomb stays as small as it was sent.
		DisableCompression: true,
	}}
}

// Roots are the authorities that vouch for a server: the given ones beside the system's,
// or, where only, in their place. A registry with a private authority redirects downloads
// to storage with a public one.
func Roots(given []*x509.Certificate, only bool) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil || only { // a machine may have none
		pool = x509.NewCertPool()
	}
	for _, c := range given {
		pool.AddCert(c)
	}
	return pool
}

// CloseIdleConnections closes the connections that are not in use.
func (p *Pool) CloseIdleConnections() { p.transport.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper.
func (p *Pool) RoundTrip(request *http.Request) (*http.Response, error) {
	first := p.send(request)
	if !repeatable(request) || !first.dead() {
		return p.only(first)
	}
	p.CloseIdleConnections() // they are as old
	return race(first, p.send(request))
}

// ErrKept is a request that failed on a kept connection and may not be sent twice. It
// tells of that connection, and not of the host.
var ErrKept = errors.New("the connection had been kept from an earlier request")

// ErrNoConnection is a request that was not sent, since no connection could be made.
var ErrNoConnection = errors.New("no connection could be made")

// only waits for the one attempt that is made.
func (p *Pool) only(a *attempt) (*http.Response, error) {
	response, err := a.wait()
	if err == nil || !a.kept.Load() || errors.Is(err, context.Canceled) {
		return response, err
	}
	p.CloseIdleConnections()
	if a.http1.Load() || a.inTime() { // over HTTP/2 it lives, and it is the host that hangs
		err = fmt.Errorf("%w: %w", ErrKept, err)
	}
	return nil, err
}

// race returns the first response of two attempts. If there is none, it is the second
// that tells why: it was not sent on the dead connection.
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

// repeatable tells whether a request may be sent twice.
func repeatable(request *http.Request) bool {
	return (request.Method == http.MethodGet || request.Method == http.MethodHead) &&
		(request.Body == nil || request.Body == http.NoBody)
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

// send starts an attempt.
func (p *Pool) send(request *http.Request) *attempt {
	ctx, cancel := context.WithCancel(request.Context())
	a := &attempt{request: request, cancel: cancel, done: make(chan struct{})}
	ctx = httptrace.WithClientTrace(p.throughProxy(ctx, request), &httptrace.ClientTrace{
		GotConn:              a.gotConn,
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

// throughProxy notes which proxy the environment names for a request, for the guard.
func (p *Pool) throughProxy(ctx context.Context, request *http.Request) context.Context {
	proxy, err := p.proxy(request.URL)
	if err != nil || proxy == nil {
		return ctx
	}
	return context.WithValue(ctx, proxyKey{}, addressOf(proxy))
}

// errProxy is a proxy's refusal to connect.
var errProxy = errors.New("the proxy does not connect")

func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: it answered %d", errProxy, response.StatusCode)
	}
	return nil
}

// proxyKey is for the address of a request's proxy in its context.
type proxyKey struct{}

// addressOf is the "host:port" that net/http dials for a URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// gotConn is called again where net/http took another connection by itself.
func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	a.connected.Store(true)
	a.idle.Store(int64(info.IdleTime))
	secured, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
	a.http1.Store(!ok || secured.ConnectionState().NegotiatedProtocol != "h2")
	a.kept.Store(info.Reused)
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
