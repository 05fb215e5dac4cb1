package egress_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// timeout bounds every request of these tests.
const timeout = 5 * time.Second

// pipes is a network in memory, so that time in a synctest bubble stands still
// while something is under way. It is a net.Listener.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu    sync.Mutex
	dials int
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	p.dials++
	p.mu.Unlock()
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// world is a transport and the server that it talks to.
type world struct {
	*testing.T
	*egress.Transport
	net   *pipes
	began time.Time

	mu       sync.Mutex
	asked    []ask
	observed []int
}

// ask is one request that came to the server, and how long after the beginning.
type ask struct {
	method, host, path string
	after              time.Duration
}

// in runs a test in a bubble of its own time. A goroutine that is left when it
// ends fails the test.
func in(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, nth int), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, net: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, began: time.Now()}
		w.Transport = egress.NewTransport(egress.Options{
			Guard:   egress.NewGuard(),
			Bounds:  egress.Bounds{Timeout: timeout, BodyBytes: 100},
			Observe: func(status int, _ time.Duration) { w.mu.Lock(); w.observed = append(w.observed, status); w.mu.Unlock() },
		})
		w.SetDial(w.net.dial)
		var handlers, served sync.WaitGroup
		server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			w.mu.Lock()
			w.asked = append(w.asked, ask{r.Method, r.Host, r.URL.Path, time.Since(w.began)})
			nth := len(w.asked)
			w.mu.Unlock()
			handler(out, r, nth)
		})}
		served.Go(func() { _ = server.Serve(w.net) })
		test(w)
		w.CloseIdleConnections()
		_ = server.Close()
		served.Wait()
		handlers.Wait()
	})
}

// answer is what came of a request.
type answer struct {
	status int
	body   string
	err    error
	took   time.Duration
}

// do sends a request and reads all of its answer.
func (w *world) do(ctx context.Context, method, url string, body io.Reader) (a answer) {
	w.Helper()
	began := time.Now()
	defer func() { a.took = time.Since(began) }()
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		panic(err) // not Fatal: this may be any goroutine
	}
	response, err := w.RoundTrip(request)
	if err != nil {
		if response != nil {
			w.Error("a response came with an error")
		}
		return answer{err: err}
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, body: string(read), err: err}
}

func (w *world) get() answer {
	w.Helper()
	return w.do(w.Context(), http.MethodGet, "http://a.test/", nil)
}

// times are when the server was asked.
func (w *world) times() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []time.Duration
	for _, a := range w.asked {
		all = append(all, a.after)
	}
	return all
}
