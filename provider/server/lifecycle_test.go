package server_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/reload"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

func TestDrainingSaysSoAndFinishesWhatIsInFlight(t *testing.T) {
	h := newHeld()
	w := start(t, h.ServeHTTP)
	inFlight := h.hold(w, w.client(t, w.theirs.client(t)))
	if got := w.admin("/readyz"); got.status != http.StatusOK || got.body != "ok\n" {
		t.Errorf("before: %+v", got)
	}
	w.stop()
	expect.Until(t, "readiness goes", func() bool { return w.admin("/readyz").status == http.StatusServiceUnavailable })
	if got := w.admin("/readyz"); got.body != "not ready: draining\n" {
		t.Errorf("got %+v", got)
	}
	if got := w.admin("/healthz"); got.status != http.StatusOK {
		t.Errorf("draining is not unhealthy: %+v", got)
	}
	expect.Until(t, "the door is closed", func() bool {
		return ask(w.client(t, w.theirs.client(t)), w.url()).err != nil
	})
	close(h.released)
	if got := <-inFlight; got.status != http.StatusOK || got.body != "hello" {
		t.Errorf("in flight: %+v", got)
	}
}

func TestRequestsAreTakenWhileUnreadinessSpreads(t *testing.T) {
	delayed, spread := make(chan time.Duration, 1), make(chan struct{})
	w := start(t, hello, func(o *server.Options) {
		o.DrainDelay = 5 * time.Second
		*o = server.WithSleep(*o, func(d time.Duration) { delayed <- d; <-spread })
	})
	w.stop()
	if got := <-delayed; got != 5*time.Second {
		t.Errorf("delayed by %v", got)
	}
	if got := w.admin("/readyz"); got.status != http.StatusServiceUnavailable {
		t.Errorf("got %+v", got)
	}
	if got := ask(w.client(t, w.theirs.client(t)), w.url()); got.status != http.StatusOK || !got.close {
		t.Errorf("got %+v; want an answer, and the word to come again elsewhere", got)
	}
	close(spread)
}

func TestWhatTakesLongerThanTheDrainIsCutOffAndAwaited(t *testing.T) {
	entered, left := make(chan struct{}), make(chan struct{})
	w := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(left)
	}, func(o *server.Options) { o.DrainTimeout = time.Millisecond })
	go ask(w.client(t, w.theirs.client(t)), w.url())
	<-entered
	w.stop()
	err := <-w.stopped
	if err == nil || !strings.Contains(err.Error(), "requests in flight were cut off after 1ms") {
		t.Errorf("Run: %v", err)
	}
	select {
	case <-left:
	default:
		t.Error("Run returned before the handler did")
	}
	w.stopped <- nil // the end of the test looks for it
}

func TestASlowHeaderIsHungUpOn(t *testing.T) {
	w := start(t, hello, func(o *server.Options) { o.ReadHeaderTimeout = 100 * time.Millisecond })
	conn, err := tls.Dial("tcp", w.Addr().String(), w.tls(w.theirs.client(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hungUpOn(t, conn, "POST /validate HTTP/1.1\r\nHost: x\r\nX-Slow: ")
}

func TestASlowHandshakeIsHungUpOn(t *testing.T) {
	w := start(t, hello, func(o *server.Options) { o.ReadHeaderTimeout = 100 * time.Millisecond })
	conn, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hungUpOn(t, conn, "\x16\x03")
	w.log.says(t, "the client took too long")
}

// hungUpOn sends the beginning of something and waits for the end of conn.
func hungUpOn(t *testing.T, conn net.Conn, beginning string) {
	t.Helper()
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := io.Copy(io.Discard, conn)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		t.Error("the connection was kept")
	}
}

func TestAHugeHeaderIsRefused(t *testing.T) {
	w := start(t, hello)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Huge", strings.Repeat("x", 64<<10))
	resp, err := w.client(t, w.theirs.client(t)).Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %s", resp.Status)
		}
	}
}

// A panic is answered and logged, and the server goes on.
func TestPanicIsAnsweredAndLogged(t *testing.T) {
	w := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			w.Header().Set("Content-Length", "7")
			panic("at the disco")
		case "/half":
			io.WriteString(w, "half an ans")
			panic("in the middle")
		}
		hello(w, r)
	})
	client := w.client(t, w.theirs.client(t))
	base := strings.TrimSuffix(w.url(), "/validate")
	got := ask(client, base+"/panic")
	if got.status != http.StatusInternalServerError ||
		got.body != `{"response":{"systemError":"internal error"}}` {
		t.Errorf("got %+v", got)
	}
	w.log.says(t, "at the disco")
	w.log.says(t, "lifecycle_test.go")
	w.log.says(t, "request="+cmp.Or(got.id, "an id"))
	if got := ask(client, base+"/half"); got.err == nil {
		t.Errorf("half an answer passed for a whole one: %+v", got)
	}
	w.log.says(t, "in the middle")
	if got := ask(client, w.url()); got.status != http.StatusOK {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestTheAdminDoorTellsOfFailingSourcesAndStaysReady(t *testing.T) {
	since := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	w := start(t, hello, func(o *server.Options) {
		o.Sources = func() []reload.Status {
			return []reload.Status{{Source: "well"}, {Source: "trust", Err: errors.New("two\nlines\x1b[2J"), Since: since, Notes: []string{"README\x1b was not read"}}}
		}
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") })
	})
	want := "ok\nreload failing since 2030-01-02T03:04:05Z, what was read before stays in force: trust: two lines\ufffd[2J\nnote: trust: README\ufffd was not read\n"
	if got := w.admin("/readyz"); got.status != http.StatusOK || got.body != want {
		t.Errorf("got %+v", got)
	}
	if got := w.admin("/healthz"); got.status != http.StatusOK || got.body != "ok\n" {
		t.Errorf("got %+v", got)
	}
	if got := w.admin("/metrics"); got.status != http.StatusOK || got.body != "up 1\n" {
		t.Errorf("got %+v", got)
	}
	if got := w.admin("/validate"); got.status != http.StatusNotFound {
		t.Errorf("the handler is at the admin listener: %+v", got)
	}
}

// Who looks at the admin port first knows none of its paths.
func TestTheAdminListenerListsItsPaths(t *testing.T) {
	w := start(t, hello, func(o *server.Options) { o.Metrics = http.NotFoundHandler() })
	const list = "/healthz  whether the process runs\n/readyz   whether requests should come here, and what is wrong with files\n/metrics  for Prometheus\n"
	if got := w.admin("/"); got.status != http.StatusOK || got.body != list {
		t.Errorf("at / it says %+v", got)
	}
	if got := w.admin("/readyz/"); got.status != http.StatusNotFound || got.body != "not found; there are:\n"+list {
		t.Errorf("elsewhere it says %+v", got)
	}
	if got := start(t, hello).admin("/"); strings.Contains(got.body, "/metrics") {
		t.Errorf("there are no metrics, and it says %+v", got)
	}
}

func TestAnAddressThatIsTakenIsAnErrorAtOnce(t *testing.T) {
	w := start(t, hello)
	for _, edit := range []func(*server.Options){
		func(o *server.Options) { o.Listen = w.Addr().String() },
		func(o *server.Options) { o.AdminListen = w.Addr().String() },
	} {
		options := w.options(hello)
		edit(&options)
		if _, err := server.New(options); err == nil || !strings.Contains(err.Error(), "listener: ") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAllThatIsMissingIsNamed(t *testing.T) {
	_, err := server.New(server.Options{ClientNames: []string{"*.svc"}})
	for _, want := range []string{"Identity", "ClientCA", `"*.svc"`, "Handler", "Refuse"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing said of %s: %v", want, err)
		}
	}
}

func TestAServerStoppedBeforeItBeganEnds(t *testing.T) {
	w := start(t, hello)
	options := w.options(hello)
	s, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	for _, address := range []net.Addr{s.Addr(), s.AdminAddr()} {
		if conn, err := net.Dial("tcp", address.String()); err == nil {
			conn.Close()
			t.Errorf("%v is still open", address)
		}
	}
}
