//go:build e2e

package cluster

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// gateVariable tells the inside where the gate listens outside.
const gateVariable = "E2E_CLUSTER_GATE"

// gate lets programs outside the namespaces reach the API server. It listens at the machine's loopback address and passes
// each connection on through a unix socket. Network namespaces do not separate those.
type gate struct {
	listener net.Listener
	socket   string
}

func gateSocket(dir string) string { return filepath.Join(dir, "api.sock") }

func newGate(dir string) (*gate, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{listener: listener, socket: gateSocket(dir)}
	go acceptAll(listener, func(client net.Conn) {
		var dialer net.Dialer
		server, err := dialer.DialContext(context.Background(), "unix", g.socket)
		if err != nil {
			_ = client.Close()
			return
		}
		splice(client, server)
	})
	return g, nil
}

func (g *gate) address() string { return g.listener.Addr().String() }
func (g *gate) close()          { _ = g.listener.Close() }

// acceptAll handles each connection in its own goroutine, until the listener is closed.
func acceptAll(listener net.Listener, handle func(net.Conn)) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go handle(connection)
	}
}

// splice copies both ways until both ends said that they are done, and closes both.
func splice(a, b net.Conn) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			if _, err := io.Copy(pair[0], pair[1]); err != nil {
				_ = a.Close()
				_ = b.Close()
				return
			}
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
	_ = a.Close()
	_ = b.Close()
}

// insideEnvironment is ours without proxies, which are not reachable from inside.
func insideEnvironment(dir, gate string) []string {
	var kept []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(pair), "=")
		if name != "HTTP_PROXY" && name != "HTTPS_PROXY" && name != "ALL_PROXY" && name != "NO_PROXY" && name != "KUBECONFIG" {
			kept = append(kept, pair)
		}
	}
	return append(kept, dirVariable+"="+dir, gateVariable+"="+gate)
}
