// Command demo shows the main job on real input. It makes a certificate authority, starts registries, and pushes and signs
// images. Then it starts the real server, asks it as Gatekeeper would, and prints the verdicts. Then it builds policytest,
// which has Gatekeeper's engine in it and takes minutes the first time, and has it decide on pods. It fails unless each
// verdict and each decision is the right one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func main() {
	bin := flag.String("bin", "", "the `folder` with notation-provider and notation-pki, which policytest is built into (required)")
	keep := flag.String("keep", "", "keep the world's files in this `folder`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *bin, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, keep string) (err error) {
	if bin == "" {
		return errors.New("-bin is missing; run it as make demo")
	}
	if bin, err = filepath.Abs(bin); err != nil { // some commands run in other folders
		return err
	}
	dir, remove, err := folder(keep)
	if err != nil {
		return err
	}
	defer remove()
	step("making a certificate authority: root → intermediate → signer, and a timestamp authority")
	world, err := rig.New(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	step("starting two registries with TLS: one with the referrers API, one without and with token login")
	stage, err := build(ctx, world)
	if err != nil {
		return err
	}
	step("making another certificate authority from an empty folder, by hand")
	if stage.hand, err = newHand(ctx, filepath.Join(bin, "notation-pki"), dir); err != nil {
		return err
	}
	defer stage.hand.close()
	step("pushing and signing images: %d of them, some the way an attacker would", len(stage.cases))
	if err := stage.push(ctx); err != nil {
		return err
	}
	step("starting notation-provider with mutual TLS")
	server, err := world.Provider(ctx, rig.ProviderOptions{
		Binary:     filepath.Join(bin, "notation-provider"),
		Trust:      stage.trust(),
		Registries: stage.registries(),
		Edit:       func(c *config.Config) { c.Egress.Allow = append(c.Egress.Allow, stage.hand.host()) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Kill()) }()
	step("asking as Gatekeeper does: each image when nothing is known of it, then again\n")
	asker := server.GatekeeperClient()
	defer asker.Close()
	rows, err := stage.ask(ctx, asker)
	if err != nil {
		return err
	}
	if err := show(os.Stdout, rows); err != nil {
		return err
	}
	if err := stage.recover(ctx, os.Stdout, asker); err != nil {
		return err
	}
	fmt.Println()
	policytest := filepath.Join(bin, "policytest")
	step("building policytest with Gatekeeper's own engine; the first time this takes some minutes, on two cores about four")
	if err := compile(ctx, os.Stderr, policytest); err != nil {
		return err
	}
	step("applying pods and controllers: Gatekeeper's own engine, our policy, the same server")
	if err := stage.admit(ctx, os.Stdout, policytest, server.URL); err != nil {
		return err
	}
	fmt.Print(next)
	return nil
}

// folder is where the world keeps its files: the one asked for, or one that goes away.
func folder(keep string) (dir string, remove func(), err error) {
	if keep != "" {
		return keep, func() {}, os.MkdirAll(keep, 0o750)
	}
	dir, err = os.MkdirTemp("", "notation-provider-demo-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

const next = `
All as it should be. Try next:
  .cache/bin/notation-provider --help
  .cache/bin/notation-provider config          # every setting, explained
  .cache/bin/notation-provider verify IMAGE    # one image of yours, explained check by check
  .cache/bin/notation-pki --help               # a CA of your own: root, intermediate, signer, bundle, sign
  .cache/bin/policytest ./policies/...         # the policies' own suites, with recorded verdicts
  make test                                    # all of the above, and much that can go wrong; make test-long has the rest
`

func step(format string, args ...any) {
	fmt.Printf("• "+format+"\n", args...)
}
