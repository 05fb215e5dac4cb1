package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// What the server logs when it has looked at a new configuration.
const (
	reloaded     = `"msg":"reloaded","source":"configuration"`
	reloadFailed = `"msg":"reload failed","source":"configuration"`
)

// Reconfigure gives the running server another configuration and other trust, and waits until they are in force. The Binary
// and Dir of the options have no effect, and neither do settings that want a restart. What the server remembers stays. It
// fails where the server refuses the configuration, and after [Patience].
func (p *Provider) Reconfigure(ctx context.Context, opts ProviderOptions) error {
	dir, err := os.MkdirTemp(p.Dir, "configuration-")
	if err != nil {
		return err
	}
	edit := opts.Edit
	opts.Edit = func(c *config.Config) {
		c.Trust = config.Trust{PolicyFile: filepath.Join(dir, "trustpolicy.json"), StoreDir: filepath.Join(dir, "truststore")}
		if edit != nil {
			edit(c)
		}
	}
	file, err := p.env.writeConfig(dir, serverFilesIn(p.Dir), opts)
	if err != nil {
		return fmt.Errorf("configuring the provider again: %w", err)
	}
	before := len(p.Log())
	if err := os.Rename(file, filepath.Join(p.Dir, "config.yaml")); err != nil {
		return err
	}
	return p.awaitReload(ctx, before)
}

// awaitReload waits until the log tells, after its first bytes, what became of a new configuration.
func (p *Provider) awaitReload(ctx context.Context, before int) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		said := p.Log()[before:]
		if strings.Contains(said, reloaded) {
			return nil
		}
		if strings.Contains(said, reloadFailed) {
			return errors.New("the provider refuses its new configuration: " + said)
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("the provider ended before it took its new configuration (%w): %s", p.exit, said)
		case <-ctx.Done():
			return fmt.Errorf("the provider does not take its new configuration: %w: %s", ctx.Err(), said)
		}
	}
}
