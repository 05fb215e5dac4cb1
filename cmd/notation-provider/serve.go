package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/logging"
	"gitlab.com/ska-telescope/notation-provider/provider/tracing"
)

// The most that the log may hold unwritten, in bytes, and how long the end waits for it.
const (
	unwritten   = 1 << 20
	flushWithin = time.Second
)

// openLog puts a queue before standard error.
func openLog(form config.Log, stderr io.Writer) *logging.Queue {
	return logging.NewQueue(stderr, unwritten, func(to io.Writer, dropped int) {
		form.Logger(to).Warn("log lines dropped", "count", dropped)
	})
}

func newServe() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the server",
		Long: `Serves Gatekeeper's external data protocol over mutual TLS, and health, readiness
and metrics over plain HTTP on the admin address.

SIGTERM and SIGINT end it in order: readiness fails, requests are still taken for
drainDelay, and requests in flight get up to 20 s to finish. A second signal ends it at once.
SIGHUP, SIGUSR1 and SIGUSR2 have no effect: a change of the configuration, or of a
file that it names, is found by polling. The log goes to standard error, and lines that
are not read in time are dropped and counted.

Exit codes: 0 it ended in order, 1 it could not start or had to cut off requests;
2 usage.`,
		Example: `  notation-provider config > config.yaml     # the annotated default
  notation-provider check --config config.yaml
  notation-provider serve --config config.yaml`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := load(file)
			if err != nil {
				return err
			}
			memory := boundMemory(cfg.Cache)
			defer ignoreSignals()()
			queue := openLog(cfg.Log, c.ErrOrStderr())
			defer queue.Close(flushWithin)
			level := &slog.LevelVar{}
			level.Set(cfg.Log.Least())
			log := cfg.Log.LoggerAt(level, queue)
			// Libraries log here too, as net/http does about unsolicited answers.
			slog.SetDefault(log)
			if err := serve(c.Context(), source{file, cfg, level, memory}, log, queue.Dropped); err != nil {
				log.ErrorContext(c.Context(), "stopped", "error", err)
				return cli.Silent(1)
			}
			log.InfoContext(c.Context(), "stopped")
			return nil
		},
	}
	addConfig(c, &file)
	return c
}

// openTracer exports traces where the environment says so.
func openTracer(ctx context.Context, log *slog.Logger) (*tracing.Tracer, error) {
	settings, err := tracing.FromEnvironment(os.Getenv)
	if err != nil || settings == nil {
		return nil, err
	}
	log.InfoContext(ctx, "exporting traces", "host", settings.Endpoint.Host)
	return tracing.New(ctx, settings, version.Number, log)
}

// addConfig adds the flag that serve and check need.
func addConfig(c *cobra.Command, file *string) {
	c.Flags().StringVarP(file, "config", "c", "", "the configuration `FILE` (required)")
}

// load reads the configuration, and sees whether the files that it names are there.
func load(file string) (config.Config, error) {
	if file == "" {
		return config.Config{}, cli.UsageError("--config FILE is missing; 'notation-provider config' prints one to start from")
	}
	c, err := config.Load(file)
	if err != nil {
		return c, err
	}
	return c, config.Unreadable(file)
}

// ignoreSignals keeps some signals from ending the server at once, and with it the requests in
// flight. These are those that usually mean to read files again, and SIGPIPE, which comes when the
// reader of standard error has gone. It returns a function that undoes this. The signals are caught
// and not ignored, since a credential helper would inherit ignored ones.
func ignoreSignals() (undo func()) {
	caught := make(chan os.Signal, 1) // it fills up, and is not read
	signal.Notify(caught, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	return func() { signal.Stop(caught) }
}

// serve runs until ctx is done. Dropped is how many lines of the log were dropped.
func serve(ctx context.Context, from source, log *slog.Logger, dropped func() uint64) error {
	c := from.config
	for _, danger := range c.Unsafe() {
		log.WarnContext(ctx, "unsafe setting", "setting", danger)
	}
	in := installation{gatekeeper: config.DefaultGatekeeper()}
	for _, warning := range configurationWarnings(c, in) {
		log.WarnContext(ctx, "configuration warning", "warning", warning)
	}
	m := newMetrics()
	m.LogDropped(dropped)
	tracer, err := openTracer(ctx, log)
	if err != nil {
		return err
	}
	defer tracer.Close(flushWithin)
	a, err := assemble(c, m, tracer, log)
	if err != nil {
		return err
	}
	defer a.close()
	l, err := listen(from, a, m, log)
	if err != nil {
		return err
	}
	for _, warning := range certificateWarnings(c, in, l.identity, l.clients, time.Now()) {
		log.WarnContext(ctx, "certificate warning", "warning", warning)
	}
	for _, warning := range a.trust.Current().Warnings(time.Now()) {
		log.WarnContext(ctx, "trust policy warning", "warning", warning)
	}
	log.InfoContext(ctx, "serving", "version", version.Number, "address", l.server.Addr().String(), "admin", l.server.AdminAddr().String(), "policies", len(a.trust.Current().Policies()))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return l.poller.Run(ctx) })
	group.Go(func() error { return l.server.Run(ctx) })
	return group.Wait()
}
