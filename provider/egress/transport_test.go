package egress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// drip writes for ever, a byte a second.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Second) // of the bubble's time
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestARequestEndsInTimeHoweverItIsServed(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler func(http.ResponseWriter, *http.Request, int)
	}{
		{"no answer", func(w http.ResponseWriter, r *http.Request, _ int) { hang(w, r) }},
		{"a body that drips", func(w http.ResponseWriter, r *http.Request, _ int) { drip(w, r) }},
		{"a body that stops", func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Length", "9")
			begin(w)
			hang(w, r)
		}},
		{"a retry that hangs", func(w http.ResponseWriter, r *http.Request, nth int) {
			time.Sleep(3 * time.Second)
			failOnce(w, r, nth)
		}},
		{"a rest, then hangs", func(w http.ResponseWriter, r *http.Request, nth int) { restOnce(w, r, nth) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in(t, tc.handler, func(w *world) {
				got := w.get()
				if !errors.Is(got.err, context.DeadlineExceeded) || got.took != timeout {
					t.Errorf("after %v: %v", got.took, got.err)
				}
				var timedOut net.Error
				if !errors.As(got.err, &timedOut) || !timedOut.Timeout() {
					t.Errorf("%v is not known as a timeout", got.err)
				}
			})
		})
	}
}

func begin(w http.ResponseWriter) {
	_, _ = w.Write([]byte("x"))
	_ = http.NewResponseController(w).Flush()
}

func failOnce(w http.ResponseWriter, r *http.Request, nth int) {
	if nth > 1 {
		hang(w, r)
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

func restOnce(w http.ResponseWriter, r *http.Request, nth int) {
	if nth > 1 {
		hang(w, r)
	}
	w.Header().Set("Retry-After", "2")
	w.WriteHeader(http.StatusTooManyRequests)
}

// A request to an address without a listener ends in time.
func TestRequestWithoutListenerEndsInTime(t *testing.T) {
	in(t, func(http.ResponseWriter, *http.Request, int) {}, func(w *world) {
		w.SetDial(func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() })
		if got := w.get(); !errors.Is(got.err, context.DeadlineExceeded) || got.took != timeout {
			t.Errorf("after %v: %v", got.took, got.err)
		}
	})
}

func TestACallersOwnDeadlineCountsIfItIsEarlier(t *testing.T) {
	in(t, func(w http.ResponseWriter, r *http.Request, _ int) { hang(w, r) }, func(w *world) {
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		if got := w.do(ctx, http.MethodGet, "http://a.test/", nil); !errors.Is(got.err, context.DeadlineExceeded) || got.took != time.Second {
			t.Errorf("after %v: %v", got.took, got.err)
		}
	})
}

func TestAnAnswerInTimeIsPassedOnAsItIs(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Docker-Content-Digest", "sha256:x")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("not here"))
	}, func(w *world) {
		if got := w.get(); got != (answer{status: 404, body: "not here"}) {
			t.Errorf("got %+v", got)
		}
		if !slices.Equal(w.observed, []int{404}) {
			t.Errorf("observed %v: what is no server's fault is not asked again", w.observed)
		}
	})
}

func TestWhatAServerSaysIsItsOwnFaultIsAskedOnceMore(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			in(t, func(w http.ResponseWriter, _ *http.Request, nth int) {
				if nth == 1 {
					w.WriteHeader(status)
				}
			}, func(w *world) {
				if got := w.do(w.Context(), method, "http://a.test/", nil); got.err != nil || got.status != 200 {
					t.Errorf("%s %d: %+v", method, status, got)
				}
				if got := w.times(); len(got) != 2 || got[1] <= 0 || got[1] > 100*time.Millisecond {
					t.Errorf("%s %d: asked at %v; want again after a short pause", method, status, got)
				}
			})
		}
	}
}

// A 501 says that there is no such method or API. It says nothing of the server's health.
func TestNotImplementedIsNoFailure(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(501) }, func(w *world) {
		for range 30 {
			if got := w.get(); got.status != 501 || got.err != nil {
				t.Fatalf("got %+v", got)
			}
		}
		if asked := len(w.times()); asked != 30 {
			t.Errorf("asked %d times for 30 requests", asked)
		}
	})
}

func TestAServerThatKeepsFailingIsAskedTwiceAndNoMore(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(503)
		_, _ = w.Write([]byte("down"))
	}, func(w *world) {
		if got := w.get(); got.status != 503 || got.body != "down" || got.err != nil {
			t.Errorf("got %+v", got)
		}
		if !slices.Equal(w.observed, []int{503, 503}) {
			t.Errorf("observed %v", w.observed)
		}
	})
}

func TestARetryThatIsTooLateIsNotMade(t *testing.T) {
	const late = timeout - time.Millisecond
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		time.Sleep(late)
		w.WriteHeader(503)
		_, _ = w.Write([]byte("down"))
	}, func(w *world) {
		if got := w.get(); got != (answer{status: 503, body: "down", took: late}) || len(w.times()) != 1 {
			t.Errorf("got %+v after %d requests; want the server's own word", got, len(w.times()))
		}
	})
}

func TestOneFailingRequestHoldsUpNoOther(t *testing.T) {
	in(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path == "/fails" {
			w.WriteHeader(503)
		}
	}, func(w *world) {
		go w.do(w.Context(), http.MethodGet, "http://a.test/fails", nil)
		synctest.Wait() // it pauses now
		if got := w.get(); got.status != 200 || got.took != 0 {
			t.Errorf("got %+v", got)
		}
		time.Sleep(timeout)
	})
}

func TestWhatMayHaveChangedSomethingIsNotSentTwice(t *testing.T) {
	for _, body := range []io.Reader{nil, strings.NewReader("x")} {
		for _, status := range []int{429, 503} {
			in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(status)
			}, func(w *world) {
				if got := w.do(w.Context(), http.MethodPost, "http://a.test/", body); got.status != status || got.took != 0 {
					t.Errorf("got %+v", got)
				}
				if got := w.times(); len(got) != 1 {
					t.Errorf("POST was sent %d times", len(got))
				}
			})
		}
	}
}

func TestAConnectionThatBreaksIsAnErrorAndNotAskedAgain(t *testing.T) {
	in(t, func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, func(w *world) {
		if got := w.get(); got.err == nil || len(w.times()) != 1 || !slices.Equal(w.observed, []int{0}) {
			t.Errorf("got %+v after %d requests, observed %v", got, len(w.times()), w.observed)
		}
	})
}

func TestABodyThatBreaksOffIsAnErrorNotAShorterBody(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Length", "9")
		begin(w)
		panic(http.ErrAbortHandler)
	}, func(w *world) {
		if got := w.get(); !errors.Is(got.err, io.ErrUnexpectedEOF) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestABodyBeyondTheBoundFailsAndIsNeverCut(t *testing.T) {
	for _, tc := range []struct {
		size int
		fits bool
	}{{0, true}, {1, true}, {99, true}, {100, true}, {101, false}, {102, false}, {5000, false}, {1 << 20, false}} {
		for _, announced := range []bool{true, false} {
			in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				if announced {
					w.Header().Set("Content-Length", strconv.Itoa(tc.size))
				} else {
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = io.WriteString(w, strings.Repeat("x", tc.size))
			}, func(w *world) {
				got := w.get()
				if tc.fits && (got.err != nil || len(got.body) != tc.size) {
					t.Errorf("%d bytes, announced %v: %d bytes, %v", tc.size, announced, len(got.body), got.err)
				}
				if !tc.fits && !errors.Is(got.err, egress.ErrTooLarge) {
					t.Errorf("%d bytes, announced %v: %d bytes, %v", tc.size, announced, len(got.body), got.err)
				}
				if !tc.fits && strings.Contains(got.err.Error(), "announced") != announced {
					t.Errorf("%d bytes, announced %v: %v; what is announced is not read at all", tc.size, announced, got.err)
				}
			})
		}
	}
}

func TestABodyBeyondTheBoundNeverSeemsToEnd(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, strings.Repeat("x", 101))
	}, func(w *world) {
		request, _ := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://a.test/", nil)
		response, err := w.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		for i, one := 0, make([]byte, 1); i < 110; i++ {
			n, err := response.Body.Read(one)
			if i < 100 && (n != 1 || err != nil) {
				t.Fatalf("byte %d: %d %v", i, n, err)
			}
			if i >= 100 && (n != 0 || !errors.Is(err, egress.ErrTooLarge)) {
				t.Fatalf("byte %d: %d %v", i, n, err)
			}
		}
	})
}

func TestTheSizeThatHeadAnnouncesIsNotABody(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.Header().Set("Content-Length", "5000") }, func(w *world) {
		if got := w.do(w.Context(), http.MethodHead, "http://a.test/", nil); got.err != nil || got.status != 200 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestNothingIsUnpacked(t *testing.T) {
	in(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if got := r.Header.Values("Accept-Encoding"); got != nil {
			t.Errorf("asked for %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write([]byte("as it is"))
	}, func(w *world) {
		if got := w.get(); got.body != "as it is" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	in(t, func(w http.ResponseWriter, _ *http.Request, nth int) {
		w.WriteHeader([]int{200, 404, 401}[nth%3])
		_, _ = w.Write([]byte("some"))
	}, func(w *world) {
		for range 10 {
			w.get()
		}
		if w.net.dials != 1 {
			t.Errorf("10 requests took %d connections", w.net.dials)
		}
	})
}

// serve starts a server on this machine, over TLS.
func serve(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	server.EnableHTTP2, server.TLS = config == nil, config
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func fetch(t *testing.T, transport *egress.Transport, url string) (string, error) {
	t.Helper()
	defer transport.CloseIdleConnections()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func transportTo(server *httptest.Server, named bool, roots *x509.CertPool) *egress.Transport {
	guard := egress.NewGuard()
	if named {
		guard = egress.NewGuard(server.Listener.Addr().String())
	}
	return egress.NewTransport(egress.Options{Guard: guard, Bounds: egress.Bounds{Timeout: 30 * time.Second, BodyBytes: 100}, RootCAs: roots})
}

func TestServersAreBelievedByTheirCAAndSpeakHTTP2(t *testing.T) {
	server := serve(t, nil)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if got, err := fetch(t, transportTo(server, true, roots), server.URL); err != nil || got != "HTTP/2.0" {
		t.Errorf("got %q %v", got, err)
	}
	var unknown *tls.CertificateVerificationError
	if _, err := fetch(t, transportTo(server, true, x509.NewCertPool()), server.URL); !errors.As(err, &unknown) {
		t.Errorf("a server that no CA vouches for: %v", err)
	}
	if _, err := fetch(t, transportTo(server, true, nil), server.URL); !errors.As(err, &unknown) {
		t.Errorf("a server that the system does not know: %v", err)
	}
}

func TestATransportDialsThroughItsGuard(t *testing.T) {
	server := serve(t, nil)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if _, err := fetch(t, transportTo(server, false, roots), server.URL); !errors.Is(err, egress.ErrForbidden) {
		t.Errorf("an address inside the network that was not named: %v", err)
	}
}

func TestOldTLSIsNotSpoken(t *testing.T) {
	server := serve(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if got, err := fetch(t, transportTo(server, true, roots), server.URL); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("got %q over TLS 1.1, %v", got, err)
	}
}
