// Command walk lists what one plain request runs in the server, room by room, to read along with provider/doc.go. Plain is
// an image by its digest, signed well, at a registry with the referrers API, asked for the first time. It builds the server with
// coverage and runs it twice, with that request and without: what runs more often with it is on the walk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func main() {
	long := flag.Bool("functions", false, "list the functions, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *long); err != nil {
		fmt.Fprintln(os.Stderr, "walk:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, long bool) (err error) {
	dir, err := os.MkdirTemp("", "walk-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(os.Stderr, "building the server with coverage (a minute and a half on two cores, the first time)")
	server := filepath.Join(dir, "notation-provider")
	build := exec.CommandContext(ctx, "go", "build", "-cover", "-covermode=atomic",
		"-coverpkg=./provider/...,./cmd/notation-provider", // the command's own, as it is what writes the coverage at its end
		"-o", server, "./cmd/notation-provider")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building the server, which works at the root of the module only: %w", err)
	}
	idle, err := profile(ctx, dir, server, false)
	if err != nil {
		return err
	}
	asked, err := profile(ctx, dir, server, true)
	if err != nil {
		return err
	}
	rooms, err := walked(idle, asked)
	if err != nil {
		return err
	}
	return show(out, rooms, long)
}

// profile runs the server, asks the plain request or not, and returns where its coverage was written as text.
func profile(ctx context.Context, dir, server string, ask bool) (text string, err error) {
	world, err := rig.New(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	registry, err := world.Registry(ctx, rig.RegistryOptions{})
	if err != nil {
		return "", err
	}
	image, err := registry.PushImage(ctx, "production/app", "1.0")
	if err != nil {
		return "", err
	}
	if _, err = world.Sign(ctx, image, rig.Signature{}); err != nil {
		return "", err
	}
	coverage, err := os.MkdirTemp(dir, "coverage-")
	if err != nil {
		return "", err
	}
	p, err := world.Provider(ctx, rig.ProviderOptions{
		Binary: server, Registries: []*rig.Registry{registry}, Environ: []string{"GOCOVERDIR=" + coverage},
	})
	if err != nil {
		return "", err
	}
	if ask {
		asker := p.GatekeeperClient()
		defer asker.Close()
		answer, err := asker.Validate(ctx, image.Pinned())
		if err != nil {
			return "", err
		}
		if item := answer.Items[image.Pinned()]; item.Error != "" || item.Value == nil {
			return "", fmt.Errorf("the image is not verified: %s%s", item.Error, answer.SystemError)
		}
	}
	if err := p.Stop(); err != nil {
		return "", err
	}
	text = filepath.Join(coverage, "profile.txt")
	convert := exec.CommandContext(ctx, "go", "tool", "covdata", "textfmt", "-i="+coverage, "-o="+text)
	convert.Stderr = os.Stderr
	return text, convert.Run()
}

func show(out io.Writer, rooms []room, long bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "functions\tlines\t  room")
	functions, lines := 0, 0
	for _, r := range rooms {
		fmt.Fprintf(table, "%d\t%d\t  %s\n", len(r.functions), r.lines(), strings.TrimPrefix(r.name, module))
		functions, lines = functions+len(r.functions), lines+r.lines()
	}
	fmt.Fprintf(table, "%d\t%d\t  in all\n", functions, lines)
	if err := table.Flush(); err != nil || !long {
		return err
	}
	for _, r := range rooms {
		fmt.Fprintln(out)
		for _, f := range r.functions {
			fmt.Fprintf(out, "%s:%d: %s\n", strings.TrimPrefix(f.file, module), f.from, f.name)
		}
	}
	return nil
}
