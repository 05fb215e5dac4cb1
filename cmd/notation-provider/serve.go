package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// drainDelay is how long requests are still taken after SIGTERM: until Kubernetes
// has taken the pod out of the service everywhere.
const drainDelay = 3 * time.Second

func newServe() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the server",
		Long: `Serves Gatekeeper's external data protocol over mutual TLS, and health, readiness
and metrics over plain HTTP on the admin address.

SIGTERM and SIGINT end it in order: not ready first, then what is in flight is
finished. A second signal ends it at once.`,
		Example: `  notation-provider config > config.yaml     # the annotated default
  notation-provider check --config config.yaml
  notation-provider serve --config config.yaml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := load(file)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, cfg.Log.Logger(c.ErrOrStderr()))
		},
	}
	addConfig(c, &file)
	return c
}

// addConfig adds the flag that serve and check cannot do without.
func addConfig(c *cobra.Command, file *string) {
	c.Flags().StringVarP(file, "config", "c", "", "the configuration `FILE` (required)")
}

func load(file string) (config.Config, error) {
	if file == "" {
		return config.Config{}, usageError("--config FILE is missing; 'notation-provider config' prints one to start from")
	}
	return config.Load(file)
}

// serve runs until ctx is done.
func serve(ctx context.Context, c config.Config, log *slog.Logger) error {
	for _, danger := range c.Unsafe() {
		log.WarnContext(ctx, "unsafe setting in force", "setting", danger)
	}
	m := count()
	w, err := assemble(c, m, log)
	if err != nil {
		return err
	}
	defer w.close()
	d, err := open(c, w, m, log)
	if err != nil {
		return err
	}
	for _, warning := range w.trust.Current().Warnings(time.Now()) {
		log.WarnContext(ctx, "trust will bite some day", "warning", warning)
	}
	log.InfoContext(ctx, "serving", "version", version(), "address", d.server.Addr().String(), "admin", d.server.AdminAddr().String(), "policies", len(w.trust.Current().Policies()))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.poller.Run(ctx) })
	group.Go(func() error { return d.server.Run(ctx) })
	return group.Wait()
}
