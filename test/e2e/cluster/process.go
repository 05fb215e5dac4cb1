//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a program of the control plane, with its output in logs/NAME.log.
type process struct {
	name    string
	command *exec.Cmd
	log     string
	done    chan struct{} // closed when it ended
	ended   error
}

func (c *Cluster) startProcess(name, binary string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(c.logs(), name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.command = exec.CommandContext(context.Background(), binary, args...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's interrupt is for the tests alone
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		p.ended = p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop asks, and kills after five seconds.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		_ = p.command.Process.Kill()
		<-p.done
	}
}

// until asks again until it is true, and gives up with ctx and when the process ended.
func (p *process) until(ctx context.Context, what string, is func() error) error {
	for {
		err := is()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%w): %s", p.name, p.ended, tail(p.log))
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w (last: %w): %s", what, ctx.Err(), err, tail(p.log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail is the last ten lines of a file.
func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
