package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/cluster"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// collect reads the objects in all files, or those of the cluster.
func (o *reportOptions) collect(c *cobra.Command, files []string) (*reports.Collection, error) {
	var found reports.Collection
	if o.cluster {
		return &found, o.list(c, &found)
	}
	reader := workload.Reader{Each: found.Add}
	for _, file := range files {
		if file == "-" {
			if err := reader.Read(c.InOrStdin(), "standard input"); err != nil {
				return nil, err
			}
			continue
		}
		if err := readFile(&reader, file); err != nil {
			return nil, err
		}
	}
	return &found, nil
}

// list reads the objects of the cluster. What it does not have is noted: without constraints the trust policy alone decides.
func (o *reportOptions) list(c *cobra.Command, found *reports.Collection) error {
	client, err := cluster.InCluster(os.Getenv, o.account)
	if err != nil {
		return err
	}
	defer client.Close()
	absent, err := client.List(c.Context(), found.Add)
	if err != nil {
		return err
	}
	found.Lacks(absent)
	return nil
}

func readFile(reader *workload.Reader, file string) error {
	f, err := regularfile.Open(file, workload.MaxBytes)
	if err != nil {
		return err
	}
	defer f.Close()
	return reader.Read(f, file)
}

// verify asks about all keys, by the code that serve uses.
func (o *reportOptions) verify(c *cobra.Command, keys []string) (map[string]reports.Verdict, error) {
	cfg, err := configOf(o.config)
	if err != nil {
		return nil, err
	}
	if o.concurrency > 0 {
		cfg.Limits.Concurrent = o.concurrency
	}
	cfg.AnswerWithin = cfg.VerifyWithin // no webhook waits
	cfg.Cache.Evidence.Store = config.StoreNone
	a, err := assemble(cfg, newMetrics(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer a.close()
	ask := func(ctx context.Context, key string) reports.Verdict {
		return verdictOf(reportOf(a.provider.Answer(ctx, []string{key})[0]))
	}
	var done atomic.Int64
	stop := cli.Progress(c, func() string { return fmt.Sprintf("checked %d of %d images", done.Load(), len(keys)) })
	verdicts, err := reports.Ask(c.Context(), keys, cfg.Limits.Concurrent, ask, func(n int) { done.Store(int64(n)) })
	stop()
	if errors.Is(err, context.Canceled) {
		return nil, errors.New("interrupted, so there is no report")
	}
	return verdicts, err
}
