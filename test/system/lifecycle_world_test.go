package system

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// life is a server process, what it depends on, and those who ask it all the time.
type life struct {
	*rig.Test
	server *rig.Provider
	home   *rig.Registry // of the images that are asked for all the time
	askers *askers
}

// options are what a test wants to be other than usual.
type options struct {
	registries []*rig.Registry // beside home
	prepare    func(dir string)
	drain      time.Duration // how long requests are still taken after SIGTERM; the rig's 10ms if zero
}

// start starts a server, and a load that lasts as long as the test or until it is told to end.
func start(t *testing.T, w *rig.Test, o options) *life {
	t.Helper()
	built, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	l := &life{Test: w, home: w.Registry(rig.RegistryOptions{})}
	signed, unsigned := w.PushImage(l.home, "production/signed", "1"), w.PushImage(l.home, "production/unsigned", "1")
	w.Sign(signed, rig.Signature{})
	registries := append([]*rig.Registry{l.home}, o.registries...)
	scopes := make([]string, 0, len(registries)+1)
	for _, r := range registries {
		scopes = append(scopes, r.Scope("production/fresh"))
	}
	scopes = append(scopes, l.home.Scope("production/signed"), l.home.Scope("production/unsigned"))
	l.server = w.Provider(rig.ProviderOptions{
		Binary:     built,
		Trust:      w.Trust(scopes...),
		Registries: registries,
		Edit: func(c *config.Config) {
			c.Reload = config.Duration(50 * time.Millisecond)
			c.Cache.Tags = config.Duration(50 * time.Millisecond) // so that the load goes out to the registry, too
			// The machine may be slow. What is looked for is what gets lost, not what is late.
			c.AnswerWithin, c.MutateWithin = config.Duration(15*time.Second), config.Duration(15*time.Second)
			c.RequestTimeout, c.VerifyWithin = config.Duration(15*time.Second), config.Duration(15*time.Second)
			c.DrainDelay = cmp.Or(config.Duration(o.drain), c.DrainDelay)
			if o.prepare != nil {
				o.prepare(filepath.Dir(c.TLS.CertFile))
			}
		},
	})
	l.askers = ask(t, l.server.GatekeeperClient(), signed, unsigned)
	return l
}

// file is the path of one of the server's files.
func (l *life) file(name string) string { return filepath.Join(l.server.Dir, name) }

// admin asks the admin listener.
func (l *life) admin(t *testing.T, path string) (status int, body string) {
	t.Helper()
	status, body, err := l.server.Admin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

// metric is the value of a series now.
func (l *life) metric(t *testing.T, series string) float64 {
	t.Helper()
	return rig.Must(l.server.Metric(t.Context(), series))(t)
}

// use is what the process holds.
type use struct{ goroutines, descriptors, memory float64 }

func (l *life) use(t *testing.T) use {
	t.Helper()
	return use{l.metric(t, "go_goroutines"), l.metric(t, "process_open_fds"), l.metric(t, "process_resident_memory_bytes")}
}

// secured are the settings of a client that shows id to any server; with nil it shows no certificate.
func (l *life) secured(id *ca.Identity) *tls.Config {
	var cert tls.Certificate
	if id != nil {
		cert = id.TLS()
	}
	return &tls.Config{
		RootCAs:              ca.Pool(l.ServerCA.Cert),
		ServerName:           "127.0.0.1",
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil },
	}
}

// connect opens a connection that gives up in time.
func (l *life) connect(t *testing.T) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: rig.Patience}).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.server.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(rig.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// question is a request in order with that body.
func question(body string) string {
	return fmt.Sprintf("POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// about is the body that asks about keys.
func about(keys ...string) string {
	encoded, err := json.Marshal(keys)
	if err != nil {
		panic(err) // of strings
	}
	return `{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderRequest","request":{"keys":` + string(encoded) + `}}`
}

// enter sends a request over TLS and returns the status that came back, and who answered.
func (l *life) enter(t *testing.T, config *tls.Config, request string) (status int, server *x509.Certificate, err error) {
	t.Helper()
	conn := tls.Client(l.connect(t), config)
	defer conn.Close()
	if err := conn.HandshakeContext(t.Context()); err != nil {
		return 0, nil, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, nil, err
	}
	status, err = readAnswer(conn)
	return status, conn.ConnectionState().PeerCertificates[0], err
}

// errSilence is a connection that was closed without an answer.
var errSilence = errors.New("closed without an answer")

// readAnswer reads the status of one answer, and all of it.
func readAnswer(conn io.Reader) (status int, err error) {
	reader := bufio.NewReader(conn)
	const alert = 0x15 // TLS, in plain text: the handshake failed
	switch first, err := reader.Peek(1); {
	case timedOut(err):
		return 0, err
	case err != nil:
		return 0, fmt.Errorf("%w: %w", errSilence, err)
	case first[0] == alert:
		_, err := io.Copy(io.Discard, reader)
		if timedOut(err) {
			return 0, err
		}
		return 0, errSilence
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func timedOut(err error) bool {
	failure, ok := errors.AsType[net.Error](err)
	return ok && failure.Timeout()
}

// write puts a file in place as an editor does, or takes it away where there is no content.
func write(t *testing.T, path string, content []byte) {
	t.Helper()
	err := os.Remove(path)
	if content != nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// read is the file's content.
func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
