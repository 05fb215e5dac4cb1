package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// How often the line of progress is written, on standard error: over and over at a terminal, and else as a line of its own.
const atTerminal, elsewhere = time.Second, 15 * time.Second

// compile builds policytest, which has Gatekeeper's engine in it, the way make build does. The first time this takes
// minutes, so it tells how far it is. It comes after the verdicts, which need none of it.
func compile(ctx context.Context, out *os.File, binary string) error {
	all, err := packages(ctx, "./cmd/policytest")
	if err != nil {
		return err
	}
	have, err := packages(ctx, "./cmd/notation-provider", "./cmd/notation-pki", "./test/demo")
	if err != nil {
		return err
	}
	for path := range have {
		delete(all, path)
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-v", "-o", binary, "./cmd/policytest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := build.StderrPipe()
	if err != nil {
		return err
	}
	if err := build.Start(); err != nil {
		return err
	}
	var done atomic.Int64
	stop := progress(out, len(all), &done)
	complaints := count(said, &done)
	err = build.Wait()
	stop()
	if err != nil {
		return fmt.Errorf("building policytest: %w: %s", err, complaints)
	}
	return nil
}

// packages are those that commands are made of.
func packages(ctx context.Context, commands ...string) (map[string]bool, error) {
	said, err := exec.CommandContext(ctx, "go", append([]string{"list", "-deps"}, commands...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	all := map[string]bool{}
	for path := range strings.FieldsSeq(string(said)) {
		all[path] = true
	}
	return all, nil
}

// count reads what go build -v says until its end: the packages that it compiles, each on a line, and what is wrong.
func count(said io.Reader, done *atomic.Int64) (complaints string) {
	var b strings.Builder
	for lines := bufio.NewScanner(said); lines.Scan(); {
		done.Add(1)
		if strings.ContainsAny(lines.Text(), " :") {
			b.WriteString("\n" + lines.Text())
		}
	}
	return b.String()
}

// progress tells how many packages are compiled, until it is stopped.
func progress(out *os.File, most int, done *atomic.Int64) (stop func()) {
	begun, every, before, after := time.Now(), elsewhere, "  ", "\n"
	if term.IsTerminal(int(out.Fd())) {
		every, before, after = atTerminal, "\r  ", ""
	}
	end, ended := make(chan struct{}), make(chan struct{})
	line := func() {
		fmt.Fprintf(out, "%scompiled %d packages of at most %d in %s%s", before, done.Load(), most, time.Since(begun).Round(time.Second), after)
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				line()
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		line()
		fmt.Fprintln(out)
	}
}
