//go:build e2e

package rotator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/expect"
)

// process is a running rotator.
type process struct {
	testing.TB
	command *exec.Cmd
	log     *log
	ended   chan error
}

// log is what a process writes, which may be read meanwhile.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// servingCertificate are the arguments by which a rotator keeps it.
func servingCertificate(r *replica) []string {
	return []string{"--secret", tlsSecret, "--provider", providerNames()[0], "--provider", providerNames()[1], "--replicas-service", r.address}
}

// start runs a rotator with short times. Its log is shown if the test fails.
func start(t testing.TB, more ...string) *process {
	t.Helper()
	arguments := append([]string{
		"--kubeconfig", cluster.user, "--admin-listen", "127.0.0.1:0", "--log-level", "debug",
		"--settle", "2s", "--settle-at-most", "5s", "--serving-at-least", "2s", "--look-interval", "500ms", "--client-ca-overlap", "4s",
	}, more...)
	p := &process{TB: t, command: exec.CommandContext(context.WithoutCancel(t.Context()), cluster.binary, arguments...), log: &log{}, ended: make(chan error, 1)}
	p.command.Stderr = p.log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.command.Wait() }()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		if t.Failed() {
			t.Logf("%s", p.log)
		}
	})
	expect.Eventually(t, "its admin listener", func() error {
		_, _, err := p.get("/healthz")
		return err
	})
	return p
}

// kill ends it with no chance to do anything more.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// stop ends it in order, and checks that it does so.
func (p *process) stop() {
	p.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.ended:
		if err != nil {
			p.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(15 * time.Second):
		p.Error("it does not end after SIGTERM")
	}
}

// get asks the admin listener.
func (p *process) get(path string) (status int, body string, err error) {
	address := p.admin()
	if address == "" {
		return 0, "", fmt.Errorf("there is no admin listener yet")
	}
	response, err := http.Get("http://" + address + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func (p *process) admin() string {
	for line := range strings.Lines(p.log.String()) {
		var record struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "admin listener" {
			return record.Address
		}
	}
	return ""
}
