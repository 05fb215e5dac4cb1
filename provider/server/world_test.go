package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// world is a running server with its files, its authorities and its log.
type world struct {
	*server.Server
	ours, theirs      authority // who signed the serving and the client certificates
	certFile, keyFile string
	caFile            string
	identity          *server.Identity
	clientCA          *server.ClientCA
	log               *logbook
	stop              context.CancelFunc
	stopped           chan error
}

// start runs a server until the test ends, with options changed by edit. The
// test fails if Run does, or if it leaves a goroutine behind.
func start(t *testing.T, handler http.HandlerFunc, edit ...func(*server.Options)) *world {
	t.Helper()
	before := runtime.NumGoroutine()
	w := &world{ours: newAuthority(t, "ours"), theirs: newAuthority(t, "theirs"), log: &logbook{}, stopped: make(chan error, 1)}
	folder := t.TempDir()
	w.certFile, w.keyFile = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	w.caFile = filepath.Join(folder, "ca.crt")
	w.serve(t, w.ours.server(t))
	write(t, w.caFile, w.theirs.pem())

	var err error
	if w.identity, err = server.LoadIdentity(w.certFile, w.keyFile); err != nil {
		t.Fatal(err)
	}
	if w.clientCA, err = server.LoadClientCA(w.caFile); err != nil {
		t.Fatal(err)
	}
	w.run(t, w.options(handler), edit)
	t.Cleanup(func() {
		w.stop()
		if err := <-w.stopped; err != nil {
			t.Errorf("Run: %v", err)
		}
		expect.Until(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
	})
	return w
}

func (w *world) options(handler http.HandlerFunc) server.Options {
	return server.Options{
		Listen:      "127.0.0.1:0",
		AdminListen: "127.0.0.1:0",
		Identity:    w.identity,
		ClientCA:    w.clientCA,
		ClientNames: []string{clientName, "spiffe://cluster.local/gatekeeper"},
		Handler:     handler,
		Refuse:      refuse,
		Log:         slog.New(logging.Handler{Handler: slog.NewTextHandler(w.log, nil)}),
	}
}

func (w *world) run(t *testing.T, options server.Options, edit []func(*server.Options)) {
	t.Helper()
	for _, e := range edit {
		e(&options)
	}
	var err error
	if w.Server, err = server.New(options); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.stopped <- w.Run(ctx) }()
}

// refuse stands for the room that knows Gatekeeper's form.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"response":{"systemError":%q}}`, message)
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

// serve puts l where the serving certificate is read.
func (w *world) serve(t *testing.T, l leaf) {
	t.Helper()
	write(t, w.certFile, l.certPEM)
	write(t, w.keyFile, l.keyPEM)
}

// client returns an HTTP/1.1 client that shows l, as Gatekeeper's does.
func (w *world) client(t *testing.T, l leaf, edit ...func(*tls.Config)) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: w.tls(l)}
	for _, e := range edit {
		e(transport.TLSClientConfig)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// tls shows l, also if the server asks for another issuer: a client that keeps its certificate
// back, as Go's does under another authority, would test less.
func (w *world) tls(l leaf) *tls.Config {
	return &tls.Config{
		RootCAs:              w.ours.pool(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &l.pair, nil },
	}
}

func (w *world) url() string { return "https://" + w.Addr().String() + "/validate" }

// answer is what came back for one request.
type answer struct {
	status int
	body   string
	close  bool
	id     string // of the request
	err    error
	server string // the serial number of the server's certificate
}

func ask(client *http.Client, url string) answer {
	resp, err := client.Get(url)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, body: string(body), close: resp.Close, id: resp.Header.Get("X-Request-Id"), err: err}
	if resp.TLS != nil {
		a.server = resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	return a
}

// admin asks the admin listener, over a connection of its own.
func (w *world) admin(path string) answer {
	return ask(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+w.AdminAddr().String()+path)
}

// logbook keeps what was logged.
type logbook struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// says waits until want was logged.
func (l *logbook) says(t *testing.T, want string) {
	t.Helper()
	expect.Until(t, "the log says "+want, func() bool { return strings.Contains(l.String(), want) })
	if t.Failed() {
		t.Log(l)
	}
}
