package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// How a dead connection is found. A load balancer that fails over, or a firewall that
// drops its state, leaves connections that take requests and never answer. All of it together
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
	// maxUnread is how many bytes of an answer over HTTP/2 a server may send ahead of who reads it: without a bound it is
	// 4 MiB of each, whether it may be read or not. Those of one connection together are as many as net/http has, so that
	// answers that wait to be read do not keep the others from coming: 62 of them fit. Over HTTP/1.1 they lie with the
	// kernel, which bounds them.
	maxUnread, maxUnreadTogether = 64 << 10, 4<<20 - 1
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
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout,
			MaxReceiveBufferPerStream: maxUnread, MaxReceiveBufferPerConnection: maxUnreadTogether,
		},
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: 64 << 10,
		// Signed content is hashed as it is sent, and a compressed bomb stays small.
		DisableCompression: true,
	}}
}

// CloseIdleConnections closes the connections that are not in use.
func (p *Pool) CloseIdleConnections() { p.transport.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper.
func (p *Pool) RoundTrip(request *http.Request) (*http.Response, error) {
	repeatable := (request.Method == http.MethodGet || request.Method == http.MethodHead) && (request.Body == nil || request.Body == http.NoBody)
	first := p.start(request)
	if repeatable && first.dead() {
		p.CloseIdleConnections() // they are as old
		return race(first, p.start(request))
	}
	response, err := first.wait()
	if err != nil {
		return nil, p.broken(first, err)
	}
	return response, nil
}

// ErrStaleConnection is a request that failed on a kept connection and may not be sent twice. It
// says nothing about the host.
var ErrStaleConnection = errors.New("the connection had been kept from an earlier request")

// ErrNoConnection is a request that was not sent, since no connection could be made.
var ErrNoConnection = errors.New("no connection could be made")

// broken is the error of an attempt that is the only one. One on a kept connection may say nothing about the host.
func (p *Pool) broken(a *attempt, err error) error {
	if !a.kept.Load() || errors.Is(err, context.Canceled) {
		return err
	}
	p.CloseIdleConnections()
	if a.http1.Load() || a.inTime() { // over HTTP/2 it lives, and it is the host that hangs
		err = fmt.Errorf("%w: %w", ErrStaleConnection, err)
	}
	return err
}
