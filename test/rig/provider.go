package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// ProviderOptions say which server to start, and what to tell it.
type ProviderOptions struct {
	// Binary is the server's, as [Build] makes it. Required.
	Binary string

	// Trust is what it trusts. Default: SKAO's root, strictly, for all repositories.
	Trust Trust

	// Registries get an entry each, with their CA, and those that have an account a docker config.
	Registries []*Registry

	// Edit changes the configuration before it is written, when all else is in it. Relative paths are taken from the
	// provider's Dir. The log must stay JSON at level info or debug. Default: nothing. Other than the
	// server's own default is drainDelay: 10ms, so that a test does not wait.
	Edit func(*config.Config)

	// Environ is added to the environment of the process, as "NAME=value". Default: nothing.
	Environ []string

	// Dir is where its files are kept. Default: a new directory below the environment's.
	Dir string
}

// Provider is the real server, as a process of its own.
type Provider struct {
	// URL is that of the mutual TLS listener, "https://127.0.0.1:PORT"; AdminURL is that of the plain one.
	URL, AdminURL string

	// Dir holds config.yaml and all that it names: trustpolicy.json and truststore/ (write a new [Trust] there, and it is
	// taken up), tls.crt, tls.key and ca.crt ([Env.WriteServerFiles]), docker.json, and a CA file for each registry.
	Dir string

	env     *Env
	command *exec.Cmd
	journal *journal
	ended   chan struct{} // closed when the process is no more
	exit    error         // how it ended; read it after ended
}

// Provider starts a server and waits until it serves. It runs until it is stopped or the environment is closed, beyond ctx.
func (w *Env) Provider(ctx context.Context, opts ProviderOptions) (*Provider, error) {
	dir, err := w.providerDir(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("making room for the provider: %w", err)
	}
	files, err := w.WriteServerFiles(dir)
	if err != nil {
		return nil, err
	}
	file, err := w.writeConfig(dir, files, opts)
	if err != nil {
		return nil, fmt.Errorf("configuring the provider: %w", err)
	}
	p := &Provider{Dir: dir, env: w, journal: newJournal(), ended: make(chan struct{})}
	p.command = exec.CommandContext(context.WithoutCancel(ctx), opts.Binary, "serve", "--config", file)
	p.command.Env = append(os.Environ(), opts.Environ...)
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("starting the provider: %w", err)
	}
	w.onClose(p.Kill)
	if err := p.await(ctx); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// start starts the process. Its standard error is a pipe of ours, which may be read slowly, or not to its end.
func (p *Provider) start() error {
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	p.command.Stderr = in
	err = p.command.Start()
	_ = in.Close() // the process has its own
	if err != nil {
		return errors.Join(err, out.Close())
	}
	p.journal.from = out
	go p.journal.read()
	go func() {
		defer close(p.ended)
		p.exit = p.command.Wait()
		p.journal.finish()
	}()
	return nil
}

// await waits for the line that tells the addresses.
func (p *Provider) await(ctx context.Context) error {
	select {
	case at := <-p.journal.serving:
		p.URL, p.AdminURL = "https://"+at.Address, "http://"+at.Admin
		return nil
	case <-p.ended:
		return fmt.Errorf("the provider ended before it served (%w): %s", p.exit, p.Log())
	case <-ctx.Done():
		return fmt.Errorf("the provider does not serve: %w: %s", ctx.Err(), p.Log())
	}
}

// Log is what the server has written so far.
func (p *Provider) Log() string { return p.journal.String() }

// StopReading leaves what the server writes in its pipe, which takes 64 KiB, until Resume.
func (p *Provider) StopReading() {
	p.journal.held.Store(true)
	p.journal.gate.Lock()
}

// Resume reads on.
func (p *Provider) Resume() {
	p.journal.held.Store(false)
	p.journal.gate.Unlock()
}

// StopListening closes the pipe that the server writes to.
func (p *Provider) StopListening() error { return p.journal.from.Close() }

// Signal sends the process a signal, and waits for nothing.
func (p *Provider) Signal(s os.Signal) error { return p.command.Process.Signal(s) }

// GatekeeperClient makes one that asks this server as Gatekeeper does.
func (p *Provider) GatekeeperClient() *GatekeeperClient { return p.env.GatekeeperClient(p.URL) }

// PeakMemory is the most memory that the process ever held, in bytes, as Linux counts it (VmHWM, proc_pid_status(5)).
func (p *Provider) PeakMemory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kib int64
			_, err := fmt.Sscan(value, &kib)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel tells no peak memory")
}

// Stop ends the server as Kubernetes does, by SIGTERM, and waits until it has drained. It
// fails unless the server ends well, and where the race detector found something. A server that has been stopped or
// killed already stays so.
func (p *Provider) Stop() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if p.exit != nil && !p.killed() {
		return fmt.Errorf("the provider ended with %w: %s", p.exit, p.Log())
	}
	return p.raced()
}

// Kill ends the server at once. It fails where the race detector found something.
func (p *Provider) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.raced()
}

// signal ends the process and waits for it.
func (p *Provider) signal(with os.Signal) error {
	if err := p.command.Process.Signal(with); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending the provider: %w", err)
	}
	<-p.ended
	return nil
}

// killed tells whether it was Kill that ended the process.
func (p *Provider) killed() bool {
	status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// raced reports what the race detector wrote into the log. A binary without it writes nothing.
func (p *Provider) raced() error {
	if strings.Contains(p.Log(), "WARNING: DATA RACE") {
		return fmt.Errorf("a data race in the provider: %s", p.Log())
	}
	return nil
}

// providerDir makes the directory that is asked for, or a new one.
func (w *Env) providerDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp(w.Dir, "provider-")
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// writeConfig writes everything that the server reads but its TLS files, and returns the path of its configuration.
func (w *Env) writeConfig(dir string, files ServerFiles, opts ProviderOptions) (string, error) {
	trust := opts.Trust
	if len(trust.Policies) == 0 {
		trust = w.Trust("*")
	}
	if err := trust.Write(dir); err != nil {
		return "", err
	}
	c := config.Default()
	c.Listen, c.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	c.TLS = config.TLS{CertFile: files.CertFile, KeyFile: files.KeyFile, ClientCAFile: files.ClientCAFile, ClientNames: []string{GatekeeperName}}
	c.Egress.Allow = []string{w.Endpoints.Host}
	c.DrainDelay = config.Duration(10 * time.Millisecond)
	if err := addRegistries(&c, dir, opts.Registries); err != nil {
		return "", err
	}
	if opts.Edit != nil {
		opts.Edit(&c)
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding the configuration: %w", err)
	}
	file := filepath.Join(dir, "config.yaml")
	return file, os.WriteFile(file, text, 0o600)
}

// addRegistries tells the configuration how to reach the registries, and as whom.
func addRegistries(c *config.Config, dir string, registries []*Registry) error {
	c.Registries = nil
	for i, r := range registries {
		entry := config.Registry{Host: r.Host, Referrers: config.ReferrersAuto, PlainHTTPUnsafe: r.CA == nil}
		if r.CA != nil {
			entry.CAFile = filepath.Join(dir, fmt.Sprintf("registry-%d.crt", i+1))
			if err := os.WriteFile(entry.CAFile, r.CAPEM(), 0o600); err != nil {
				return err
			}
		}
		c.Registries = append(c.Registries, entry)
	}
	docker := filepath.Join(dir, "docker.json")
	c.DockerConfigs = []string{docker}
	return WriteDockerConfig(docker, registries...)
}

// journal keeps what a server writes, and finds in it where it serves.
type journal struct {
	serving chan addresses // one, once
	from    *os.File
	gate    sync.Mutex // each read passes it
	held    atomic.Bool
	ended   chan struct{} // closed when all has been read

	mu    sync.Mutex
	text  strings.Builder
	found bool
}

// read reads what the server writes until it ends, or we stop listening.
func (j *journal) read() {
	defer close(j.ended)
	defer j.from.Close()
	for some := make([]byte, 4096); ; {
		j.gate.Lock()
		j.gate.Unlock() //nolint:staticcheck // to pass is all
		n, err := j.from.Read(some)
		_, _ = j.Write(some[:n])
		if err != nil {
			return
		}
	}
}

// finish waits until all has been read, unless nothing is.
func (j *journal) finish() {
	if !j.held.Load() {
		<-j.ended
	}
}

// addresses are what the server's line "serving" tells.
type addresses struct {
	Message string `json:"msg"`
	Address string `json:"address"`
	Admin   string `json:"admin"`
}

func newJournal() *journal {
	return &journal{serving: make(chan addresses, 1), ended: make(chan struct{})}
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Write keeps the text, which may begin or end within a line.
func (j *journal) Write(text []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(text)
	if j.found {
		return len(text), nil
	}
	for line := range strings.Lines(j.text.String()) {
		at, ok := parseServing(line)
		if ok {
			j.found = true
			j.serving <- at
			break
		}
	}
	return len(text), nil
}

// parseServing reads a line of the log; ok where it is a whole line that tells both addresses.
func parseServing(line string) (at addresses, ok bool) {
	err := json.Unmarshal([]byte(line), &at)
	return at, err == nil && at.Message == "serving" && at.Address != "" && at.Admin != ""
}

// Provider is [Env.Provider]. The server is killed when the test ends, and its log shown where the test failed.
func (t *Test) Provider(opts ProviderOptions) *Provider {
	t.tb.Helper()
	p, err := t.Env.Provider(t.tb.Context(), opts)
	t.check(err)
	t.tb.Cleanup(func() {
		t.check(p.Kill())
		if tb, ok := t.tb.(interface {
			Failed() bool
			Logf(format string, args ...any)
		}); ok && tb.Failed() {
			tb.Logf("the provider's log:\n%s", p.Log())
		}
	})
	return p
}
