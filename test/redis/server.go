// Package redis starts real servers for tests: one alone, one with a replica and a Sentinel, or a Cluster. The program is
// redis-server, or valkey-server, from the PATH; their protocol and options are the same as far as tests go.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a process that listens on 127.0.0.1. It ends with the test.
type Server struct {
	Addr string
	// Admin may do everything there.
	Admin *redis.Client

	t       *testing.T
	args    []string
	process *exec.Cmd
}

// Options of a server.
type Options struct {
	// Lines of its configuration file, after those that every server has.
	Lines []string
	// Username and Password are Admin's.
	Username, Password string
	// TLS is how Admin connects; nil: in plain text. The server's own files are in Lines.
	TLS *tls.Config
	// Sentinel starts it as a Sentinel.
	Sentinel bool
}

// Program is the server's path. The test fails where there is none.
func Program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no redis-server; install it: apt-get install redis-server, or valkey-server")
	return ""
}

// Start starts a server and waits until it answers.
func Start(t *testing.T, o Options) *Server {
	t.Helper()
	port := freePort(t)
	dir := t.TempDir()
	text := fmt.Sprintf("bind 127.0.0.1\ndir %s\nsave \"\"\nappendonly no\nenable-debug-command yes\n", dir)
	if o.Sentinel {
		text = fmt.Sprintf("bind 127.0.0.1\ndir %s\n", dir)
	}
	if o.TLS == nil {
		text += "port " + strconv.Itoa(port) + "\n"
	} else {
		text += "port 0\ntls-port " + strconv.Itoa(port) + "\n"
	}
	text += strings.Join(o.Lines, "\n") + "\n"
	file := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: "127.0.0.1:" + strconv.Itoa(port), t: t, args: []string{Program(t), file}}
	if o.Sentinel {
		s.args = append(s.args, "--sentinel")
	}
	s.Admin = redis.NewClient(&redis.Options{Addr: s.Addr, Username: o.Username, Password: o.Password, TLSConfig: o.TLS, Protocol: 2, DialTimeout: time.Second, MaxRetries: -1})
	t.Cleanup(func() { s.Kill(); _ = s.Admin.Close() })
	s.Run()
	return s
}

// Run starts the process, again after [Server.Kill]. What was in memory is gone.
func (s *Server) Run() {
	s.t.Helper()
	s.process = exec.CommandContext(context.WithoutCancel(s.t.Context()), s.args[0], s.args[1:]...)
	// A test that is killed must leave none behind.
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log := &strings.Builder{}
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	Until(s.t, "the server answers", func() bool {
		err := s.Admin.Ping(s.t.Context()).Err()
		return err == nil || strings.HasPrefix(err.Error(), "NOPERM") // Admin may be someone who has no such right
	})
}

// Kill ends the process at once.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// Stop halts the process: it accepts connections, and answers nothing. The function that is returned lets it go on.
func (s *Server) Stop() (goOn func()) {
	s.t.Helper()
	signal := func(sig os.Signal) {
		if err := s.process.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			s.t.Error(err)
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// Do runs an administrator's command, which must succeed.
func (s *Server) Do(words ...any) any {
	s.t.Helper()
	got, err := s.Admin.Do(s.t.Context(), words...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", words, err)
	}
	return got
}

// replicates tells whether what it says of its replication has the text.
func (s *Server) replicates(text string) bool {
	got, err := s.Admin.Info(s.t.Context(), "replication").Result()
	return err == nil && strings.Contains(got, text)
}

// Keys are all keys that are there.
func (s *Server) Keys() []string {
	s.t.Helper()
	keys, err := s.Admin.Keys(s.t.Context(), "*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

// Until waits for a condition.
func Until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("in a minute it never was so that %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
