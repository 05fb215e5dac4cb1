// Command bench measures what notation-provider costs above what its job costs
// anyhow. Nothing is held against yesterday or another machine: each number stands
// beside a floor that was measured in the same run, round by round in turn, so that
// what disturbs the one disturbs the other. Run it as make bench.
//
//	part   ours                                         floor
//	warm   the real server over mutual TLS, every       a process with the same server room, whose handler
//	       image remembered, 1 and 50 keys a request,   only decodes the request and encodes a constant
//	       1 and 16 clients                             answer, byte for byte the same as ours
//	cold   registry and verifier in this process: the   bare notation.Verify of what the tag resolves to:
//	       tag resolved, the digest judged, as the      notation-go's own verifier, its repository over
//	       walk does with an image nobody remembers     one pooled client, trust from memory
//	start  the real server: from exec to the first      the floor process of warm, likewise
//	       200 on /readyz, and its resident memory then
//
// Warm requests come from one client for both: net/http over TLS 1.3 and HTTP/1.1
// with its connections kept, as Gatekeeper's are. Every answer is compared with the
// right one. The time is that of the clients: wall clock by answers. Beside it
// stands the processor time that the server itself took for an answer, which does
// not count the client; the kernel tells it in steps of 10 ms, so in a round it is
// good to some percent.
//
// Cold checks are made one after the other, on images of SKAO's recipe (root and
// intermediate RSA-4096, signer RSA-3072) and of elliptic curve keys, on a registry
// with the referrers API and on one with the tag schema only. Both sides ask the same
// registry, and its requests are counted. It runs in this process: its own work is
// in both times, and makes ratios look a little nearer to 1 than they are.
//
// The floor process of warm and start is the command in the folder floor, built at
// the start of a run: it links the door, the protocol's types and what tells
// metrics, and nothing else.
//
// The rounds go to a file in Go's benchmark format, benchstat compares them, and one
// table gives medians and ratios. WITHIN is the smallest and the greatest ratio of
// one round: how noisy the machine was. A ratio above its limit is marked; the exit
// code is 0 all the same, since a benchmark informs. All traffic is on loopback.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.provider, "provider", "", "the notation-provider `binary` to measure (required)")
	flag.StringVar(&o.benchstat, "benchstat", "", "the benchstat `binary` that compares the rounds; none without")
	flag.IntVar(&o.count, "count", 6, "rounds of each side")
	flag.StringVar(&o.out, "out", filepath.Join(".cache", "bench.txt"), "the `file` that gets the rounds")
	only := flag.String("only", "warm,cold,start", "the `parts` to measure")
	flag.Parse()
	o.parts = strings.Split(*only, ",")
	if o.provider == "" {
		return errors.New("-provider is missing; run it as make bench")
	}
	if o.count < 1 {
		return errors.New("-count must be at least 1")
	}
	return measure(ctx, o)
}

// options are what the command line says.
type options struct {
	provider, benchstat, out string
	parts                    []string
	count                    int
	floor                    string // the floor process's binary
}

// part is a set of contests that need the same things set up.
type part func(ctx context.Context, world *rig.World, o options, r *record) error

// measure makes a world, plays the parts in it, and tells what came out.
func measure(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "notation-provider-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	world, err := rig.New(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	parts := map[string]part{"warm": warm, "cold": cold, "start": start}
	step("building the floor")
	if o.floor, err = buildFloor(ctx, dir); err != nil {
		return err
	}
	r := &record{}
	for _, name := range o.parts {
		play, ok := parts[name]
		if !ok {
			return fmt.Errorf("no part %q; there are warm, cold and start", name)
		}
		if err := play(ctx, world, o, r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return tell(ctx, o, r)
}

// tell writes the rounds, has them compared, and prints the table.
func tell(ctx context.Context, o options, r *record) error {
	if err := os.MkdirAll(filepath.Dir(o.out), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(o.out, r.benchmarkFormat(), 0o600); err != nil {
		return err
	}
	if o.benchstat != "" {
		fmt.Println()
		compare := exec.CommandContext(ctx, o.benchstat, "-col", "/impl", o.out)
		compare.Stdout, compare.Stderr = os.Stdout, os.Stderr
		if err := compare.Run(); err != nil {
			return fmt.Errorf("benchstat: %w", err)
		}
	}
	fmt.Println()
	return r.table(os.Stdout)
}

func step(format string, args ...any) {
	fmt.Printf("• "+format+"\n", args...)
}
