package egress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// line is a connection through a load balancer that can fail over.
type line struct {
	net.Conn

	mu    sync.Mutex
	fault error // of each write from now on
}

// errSilence is the fault of a connection whose writes are acknowledged, and nothing comes of them.
var errSilence = errors.New("silence")

func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	switch {
	case fault == nil:
		return l.Conn.Write(p)
	case errors.Is(fault, errSilence):
		return len(p), nil
	}
	return 0, fault
}

func (l *line) fail(fault error) {
	l.mu.Lock()
	l.fault = fault
	l.mu.Unlock()
	if !errors.Is(fault, errSilence) {
		_ = l.Close()
	}
}

// lines are all connections that were made.
type lines struct {
	net *pipes

	mu  sync.Mutex
	all []*line
}

func (l *lines) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.net.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, &line{Conn: conn})
	return l.all[len(l.all)-1], nil
}

// fail is a failover: what is open is dead, and new connections are served well.
func (l *lines) fail(fault error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.all {
		one.fail(fault)
	}
}

// protocols are what a server may speak.
var protocols = map[string][]string{"HTTP/1.1 in plain text": nil, "HTTP/1.1": {"http/1.1"}, "HTTP/2": {"h2", "http/1.1"}}

// behind runs a test in a bubble, with a transport to a server behind a load balancer.
func behind(t *testing.T, alpn []string, handler http.HandlerFunc, test func(*world, *lines, string)) {
	t.Helper()
	sample := httptest.NewTLSServer(nil)
	sample.Close()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, began: time.Now()}
		l := &lines{net: w.net}
		roots := x509.NewCertPool()
		roots.AddCert(sample.Certificate())
		w.Transport = egress.NewTransport(egress.Options{Guard: egress.NewGuard(), Bounds: egress.Bounds{Timeout: timeout, BodyBytes: 100}, RootCAs: roots})
		w.SetDial(l.dial)
		server, url := &http.Server{Handler: handler}, "http://example.com/"
		var served sync.WaitGroup
		if alpn == nil {
			served.Go(func() { _ = server.Serve(w.net) })
		} else {
			server.TLSConfig, url = &tls.Config{Certificates: sample.TLS.Certificates, NextProtos: alpn}, "https://example.com/"
			if len(alpn) == 1 {
				server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
			}
			served.Go(func() { _ = server.ServeTLS(w.net, "", "") })
		}
		defer func() {
			w.CloseIdleConnections()
			l.fail(syscall.ECONNRESET)
			_ = server.Close()
			served.Wait()
			time.Sleep(time.Minute) // of the bubble's time, in which what is dead is found to be
		}()
		test(w, l, url)
	})
}

// several asks five times at once, which makes as many connections of HTTP/1.1.
func several(w *world, url string) {
	w.Helper()
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() {
			if got := w.do(w.Context(), http.MethodGet, url, nil); got.status != 200 {
				w.Errorf("before the failover: %+v", got)
			}
		})
	}
	asking.Wait()
}

// A connection that died between two requests, as behind a load balancer that failed over,
// costs a part of one answer's time at most.
func TestADeadConnectionIsFoundInTime(t *testing.T) {
	for protocol, alpn := range protocols {
		for _, tc := range []struct {
			name  string
			fault error
		}{{"silent", errSilence}, {"reset", syscall.ECONNRESET}} {
			for _, idle := range []time.Duration{1200 * time.Millisecond, 3 * time.Second, 20 * time.Second} {
				t.Run(protocol+" "+tc.name+" "+idle.String(), func(t *testing.T) {
					behind(t, alpn, func(_ http.ResponseWriter, _ *http.Request) { time.Sleep(time.Millisecond) }, func(w *world, l *lines, url string) {
						for range 12 { // more failures would break the circuit
							several(w, url)
							time.Sleep(idle)
							l.fail(tc.fault)
							if got := w.do(w.Context(), http.MethodHead, url, nil); got.status != 200 || got.took > 1300*time.Millisecond {
								t.Fatalf("on the dead connection: %+v %v", got, got.err)
							}
						}
					})
				})
			}
		}
	}
}

// A connection may die the moment after it was used: then one request fails, and no second.
// What may change something is not sent twice: it fails too, and no second.
func TestOneRequestFailsByADeadConnection(t *testing.T) {
	for protocol, alpn := range protocols {
		for _, tc := range []struct {
			name  string
			fault error
		}{{"silent", errSilence}, {"reset", syscall.ECONNRESET}} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				t.Run(protocol+" "+tc.name+" "+method, func(t *testing.T) {
					behind(t, alpn, func(_ http.ResponseWriter, _ *http.Request) { time.Sleep(time.Millisecond) }, func(w *world, l *lines, url string) {
						for range 12 {
							several(w, url)
							l.fail(tc.fault)
							w.do(w.Context(), method, url, nil)
							if got := w.do(w.Context(), method, url, nil); got.status != 200 || got.took > 1300*time.Millisecond {
								t.Fatalf("the second: %+v %v", got, got.err)
							}
						}
					})
				})
			}
		}
	}
}

// A dead connection is not held against its host: nine failures of the host do not break
// the circuit, and with a tenth they would.
func TestADeadConnectionIsNoFailureOfItsHost(t *testing.T) {
	for protocol, alpn := range protocols {
		t.Run(protocol, func(t *testing.T) {
			behind(t, alpn, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, func(w *world, l *lines, url string) {
				for range 8 {
					w.do(w.Context(), http.MethodPost, url, nil)
				}
				l.fail(errSilence)
				if got := w.do(w.Context(), http.MethodPost, url, nil); got.err == nil {
					t.Fatalf("on the dead connection: %+v", got)
				}
				for nth := range 2 {
					if got := w.do(w.Context(), http.MethodPost, url, nil); got.status != 500 {
						t.Errorf("failure %d: %+v %v", 9+nth, got, got.err)
					}
				}
				if got := w.do(w.Context(), http.MethodPost, url, nil); !errors.Is(got.err, egress.ErrCircuitOpen) {
					t.Errorf("after ten failures: %+v", got)
				}
			})
		})
	}
}

// A host that answers pings and nothing else does fail, also on a connection that was kept.
func TestAHostThatHangsIsNoDeadConnection(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			behind(t, protocols["HTTP/2"], func(_ http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodHead {
					<-r.Context().Done()
				}
			}, func(w *world, _ *lines, url string) {
				if got := w.do(w.Context(), http.MethodHead, url, nil); got.status != 200 {
					t.Fatalf("got %+v", got)
				}
				for range 10 {
					if got := w.do(w.Context(), method, url, nil); !errors.Is(got.err, context.DeadlineExceeded) {
						t.Fatalf("got %+v", got)
					}
				}
				if got := w.do(w.Context(), method, url, nil); !errors.Is(got.err, egress.ErrCircuitOpen) {
					t.Errorf("after ten failures: %+v", got)
				}
			})
		})
	}
}

// A server that is slow and lives is waited for, though its connection was kept and idle.
func TestASlowServerIsWaitedForOnAKeptConnection(t *testing.T) {
	for protocol, alpn := range protocols {
		t.Run(protocol, func(t *testing.T) {
			asked := 0
			var mu sync.Mutex
			behind(t, alpn, func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked++
				mu.Unlock()
				if r.URL.RawQuery == "slow" {
					time.Sleep(4 * time.Second)
				}
			}, func(w *world, _ *lines, url string) {
				w.do(w.Context(), http.MethodGet, url, nil)
				time.Sleep(3 * time.Second)
				if got := w.do(w.Context(), http.MethodGet, url+"?slow", nil); got.status != 200 || got.took != 4*time.Second {
					t.Errorf("got %+v", got)
				}
				if got := w.do(w.Context(), http.MethodGet, url+"?slow", nil); got.status != 200 || got.took != 4*time.Second {
					t.Errorf("the next: %+v", got)
				}
				time.Sleep(3 * time.Second)
				if got := w.do(w.Context(), http.MethodPost, url+"?slow", nil); got.status != 200 || got.took != 4*time.Second {
					t.Errorf("a POST: %+v", got)
				}
				time.Sleep(10 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				// By HTTP/1.1 the first of both is sent on another connection too.
				if most := map[bool]int{true: 4, false: 5}[len(alpn) == 2]; asked > most {
					t.Errorf("%d requests for four", asked)
				}
			})
		})
	}
}

// A server that closes a connection of HTTP/2 while it shuts down costs nothing.
func TestAServerMayCloseAKeptConnection(t *testing.T) {
	behind(t, protocols["HTTP/2"], func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }, func(w *world, l *lines, url string) {
		for i := range 5 {
			if got := w.do(w.Context(), http.MethodGet, url, nil); got.status != 200 || got.took > 100*time.Millisecond {
				t.Errorf("got %+v", got)
			}
			if got := len(l.all); got != i+1 {
				t.Errorf("%d connections after %d requests", got, i+1)
			}
			time.Sleep(time.Second)
		}
	})
}
