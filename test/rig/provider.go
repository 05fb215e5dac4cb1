package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

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

	// Dir holds config.yaml and all that it names. These are trustpolicy.json and truststore/, tls.crt, tls.key and
	// ca.crt ([Env.WriteServerFiles]), docker.json, and a CA file for each registry. A new [Trust] that is written there
	// is taken up.
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
