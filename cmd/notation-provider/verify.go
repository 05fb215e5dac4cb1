package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

func newVerify() *cobra.Command {
	var file string
	var output *cli.Output
	c := &cobra.Command{
		Use:   "verify [--config FILE] IMAGE…",
		Short: "Verify images now, and explain the verdict",
		Long: `Verifies images as the server would, by the same code, and explains every signature that
it looked at, each check on it, and what to do.

Without --config it uses notation's own trust policy (trustpolicy.oci.json, else
trustpolicy.json) and trust store, from the folder where the notation command keeps
them, and ~/.docker/config.json. A registry without TLS, or at a private address,
must be named in a configuration. That needs neither the keys under tls nor their files.

IMAGE may have conditions behind a "?", as SignedImages asks for them: metadata.KEY=VALUE
(what was signed with the image) and signer.ATTRIBUTE=VALUE (the signer's CN, O, OU …),
joined by "&". VALUE may end in "*". One signature must have them all.

Exit codes: 0 all verified, 3 any refused, else 4 any undecided; 2 usage, 1 failure.`,
		Example: `  notation-provider verify harbor.skao.int/production/ska-tango-images:1.2.3
  notation-provider verify 'harbor.skao.int/mirror/postgres:16?metadata.vetted=SEC-*'
  notation-provider verify --config config.yaml -o json IMAGE | jq '.[].outcome'`,
		Args: cli.SomeArgs,
		RunE: func(c *cobra.Command, images []string) error {
			return verify(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), file, output.JSON(), images)
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "the server's configuration `FILE`; without it, notation's own")
	output = cli.AddOutput(c)
	return c
}

func verify(ctx context.Context, out, notes io.Writer, file string, asJSON bool, images []string) error {
	cfg, err := configOf(file)
	if err != nil {
		return err
	}
	// At a terminal there is no webhook's deadline: wait as long as the check may take.
	cfg.AnswerWithin = cfg.VerifyWithin
	cfg.Cache.Evidence.Store = config.StoreNone // what the registry says is asked for here
	a, err := assemble(cfg, newMetrics(), nil, slog.New(slog.DiscardHandler))
	if err != nil && file == "" {
		return fmt.Errorf("without --config, the trust policy and trust store of the notation command are used, in %s: %w; "+
			"correct them, or name the server's configuration by --config", cfg.Trust.PolicyFile, err)
	}
	if err != nil {
		return err
	}
	defer a.close()
	reports := reportAll(a.provider.Answer(ctx, images))
	if asJSON {
		err = printable.JSON(out, reports)
	} else {
		err = printReports(out, reports)
	}
	if err != nil {
		return err
	}
	if file == "" {
		fmt.Fprint(notes, plainHTTP(cfg, reports))
	}
	return exitOf(reports)
}

// configOf reads the configuration, or makes one from what the notation and docker
// commands use.
func configOf(file string) (config.Config, error) {
	if file != "" {
		c, err := config.LoadClient(file)
		if err != nil {
			return c, err
		}
		return c, config.Unreadable(file)
	}
	folder, err := os.UserConfigDir()
	if err != nil {
		return config.Config{}, fmt.Errorf("there is no --config, and notation's own folder cannot be told: %w", err)
	}
	own := filepath.Join(folder, "notation")
	if _, err := os.Stat(own); err != nil {
		return config.Config{}, fmt.Errorf("there is no --config, and no trust policy in %s: %w; name a configuration by --config, or make that folder, as by notation-pki bundle --scope '*' --out %s", own, err, own)
	}
	c := config.Default()
	c.Trust.PolicyFile = own
	c.Trust.StoreDir = filepath.Join(folder, "notation", c.Trust.StoreDir)
	if home, err := os.UserHomeDir(); err == nil {
		docker := filepath.Join(home, ".docker", "config.json")
		if _, err := os.Stat(docker); err == nil {
			c.DockerConfigs = []string{docker}
		}
	}
	return c, nil
}

// exitOf is the exit code that the outcomes call for.
func exitOf(reports []report) error {
	code := 0
	for _, r := range reports {
		switch {
		case r.Outcome == outcomeRefused:
			code = exitRefused
		case r.Outcome == outcomeUndecided && code == 0:
			code = exitUndecided
		}
	}
	if code == 0 {
		return nil
	}
	return cli.Silent(code)
}

func reportAll(findings []provider.Finding) []report {
	reports := make([]report, 0, len(findings))
	for _, f := range findings {
		reports = append(reports, reportOf(f))
	}
	return reports
}
