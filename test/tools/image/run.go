package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// kept are the variables that a command has of this machine. They tell where its Go is, where that keeps modules
// and what it compiled, and how it gets modules. Nothing else changes what is built.
var kept = []string{
	"PATH", "HOME", "TMPDIR", "GOROOT", "GOPATH", "GOCACHE", "GOMODCACHE",
	"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
}

// run runs a command in the stage's folder. Mounts of type cache are this machine's own caches.
func (b *builder) run(ctx context.Context, s *stage, c *instructions.RunCommand) error {
	if s.root == "" {
		return errors.New("an image from scratch has nothing to run")
	}
	if slices.ContainsFunc(c.FlagsUsed, func(flag string) bool { return flag != "mount" }) || len(c.Files) > 0 {
		return errUnknown
	}
	for _, mount := range instructions.GetMounts(c) {
		if mount.Type != instructions.MountTypeCache {
			return errUnknown
		}
	}
	line := c.CmdLine
	if c.PrependShell {
		line = append([]string{"/bin/sh", "-c"}, line...)
	}
	fmt.Fprintf(b.log, "%s: %s\n", b.platform, strings.Join(strings.Fields(strings.Join(c.CmdLine, " ")), " "))
	defer b.tell(time.Now())()
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Dir, command.Env = s.path("."), append(environment(), s.variables()...)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// tellEvery is how often a command that takes long is said to go on: a compilation may take minutes.
const tellEvery = 20 * time.Second

// tell says now and then how long a command runs, until it is stopped.
func (b *builder) tell(begun time.Time) (stop func()) {
	tick, end, ended := time.NewTicker(tellEvery), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-tick.C:
				fmt.Fprintf(b.log, "%s: compiling for %s\n", b.platform, time.Since(begun).Round(time.Second))
			case <-end:
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(end)
		<-ended
		fmt.Fprintf(b.log, "%s: took %s\n", b.platform, time.Since(begun).Round(time.Second))
	}
}

func environment() []string {
	env := []string{"GOENV=off"} // what go env -w wrote counts for this machine alone
	for _, name := range kept {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// compareGo says so if this machine's Go is another than the one that the Dockerfile names: it makes other bytes.
func (b *builder) compareGo(ctx context.Context, want string) error {
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	command.Env = append(environment(), "GOTOOLCHAIN=local")
	said, err := command.Output()
	if err != nil {
		return fmt.Errorf("asking Go for its version: %w", err)
	}
	if have := strings.TrimPrefix(strings.TrimSpace(string(said)), "go"); have != want {
		fmt.Fprintf(b.log, "note: built with Go %s, and the Dockerfile names Go %s, which makes other bytes\n", have, want)
	}
	return nil
}
