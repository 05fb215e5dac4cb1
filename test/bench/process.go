package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is a server that this command started: the real one, or the floor. Both
// say where they serve in one line of their log.
type process struct {
	// url is that of the mutual TLS door, admin that of the plain one.
	url, admin string
	// ready is how long it took from exec to the first 200 on /readyz.
	ready   time.Duration
	command *exec.Cmd
	logged  chan struct{} // closed when the log has ended
}

// launch starts a server and waits until it is ready. End it.
func launch(ctx context.Context, binary string, args ...string) (*process, error) {
	p := &process{command: exec.CommandContext(ctx, binary, args...), logged: make(chan struct{})}
	log, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(log)
	err = p.awaitServing(lines)
	go func() { // or it would block on a full pipe one day
		defer close(p.logged)
		_, _ = io.Copy(io.Discard, log)
	}()
	if err == nil {
		err = p.awaitReady(ctx)
	}
	if err != nil {
		p.end()
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	p.ready = time.Since(began)
	return p, nil
}

// awaitServing reads the log up to the line that tells the addresses.
func (p *process) awaitServing(log *bufio.Scanner) error {
	var read []string
	for log.Scan() {
		var line struct{ Msg, Address, Admin string }
		if json.Unmarshal(log.Bytes(), &line) == nil && line.Msg == serving {
			p.url, p.admin = "https://"+line.Address, "http://"+line.Admin
			return nil
		}
		read = append(read, log.Text())
	}
	return fmt.Errorf("it ended before it served: %s", strings.Join(read, "\n"))
}

// serving is the message of the line that tells the addresses.
const serving = "serving"

// awaitReady asks until it is ready, which it is at the first time of asking.
func (p *process) awaitReady(ctx context.Context) error {
	for {
		status, err := p.ask(ctx, "/readyz", func(io.Reader) error { return nil })
		if err != nil || status == http.StatusOK {
			return err
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// metric reads one number off the admin door.
func (p *process) metric(ctx context.Context, name string) (amount float64, err error) {
	found := false
	_, err = p.ask(ctx, "/metrics", func(body io.Reader) error {
		lines := bufio.NewScanner(body)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				found = true
				amount, err = strconv.ParseFloat(text, 64)
				return err
			}
		}
		return lines.Err()
	})
	if err == nil && !found {
		err = fmt.Errorf("%s has no metric %s", p.admin, name)
	}
	return amount, err
}

// ask sends a GET to the admin door.
func (p *process) ask(ctx context.Context, path string, read func(io.Reader) error) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.admin+path, nil)
	if err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, read(response.Body)
}

// end kills the process: it holds nothing that anybody will miss.
func (p *process) end() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.logged
	_ = p.command.Wait() // it was killed, which is an error
}
