package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"
	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/suites"
)

type suitesOptions struct {
	sources        sourceFlags
	run            string
	output         *cli.Output
	verbose, trace bool
	allowFailOpen  bool
	asOf           asOf
}

func newSuites() *cobra.Command {
	var o suitesOptions
	c := &cobra.Command{
		Use:   "policytest PATH...",
		Short: "Run gator's suites with external_data",
		Long: `Runs gator's suites (kind: Suite) in gator's own runner, and gives templates the function
that gator lacks: external_data. PATH is a suite, a directory, or a directory and all
below it: policies/...

What a provider answers is recorded in a verdicts.yaml beside the suite, or asked of a
live provider with --provider. A template that asks a provider, or for a key, that
nothing describes fails its case, whatever the case asserts. So does a template that
admits an object while a recorded provider is down, or silent. The Rego tests of a
policy beside the suite (policy_test.rego) are run too.

Exit codes: 0 all cases pass; 1 some do not, or a suite has none; 2 the command line is
wrong, or no suite or case is where it says.`,
		Example: `  # Run all suites below policies, with recorded verdicts.
  policytest ./policies/...

  # Run the cases whose names contain "down"; the cases of one test; the Rego tests.
  policytest ./policies/... --run //down
  policytest ./policies/... --run '^own$//'
  policytest ./policies/... --run policy_test.rego//

  # Ask a live provider, as Gatekeeper does, and record what it answers.
  policytest suite --provider notation-provider=https://127.0.0.1:8443/validate \
    --ca ca.crt --cert tls.crt --key tls.key --record suite/verdicts.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.UsageError("no suite is given; name a file, a directory or directory/...; see '%s --help'", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, paths []string) error { return o.execute(c, paths) },
	}
	o.sources.add(c)
	c.Flags().StringVarP(&o.run, "run", "r", "", "run the tests and cases whose names match `PATTERN`: NAME, TEST//CASE, TEST// or //CASE, each a regular expression")
	o.asOf.add(c)
	o.output = cli.AddOutput(c)
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "print every test and case, and what templates print")
	c.Flags().BoolVarP(&o.trace, "trace", "t", false, "print a trace of each evaluation")
	c.Flags().BoolVar(&o.allowFailOpen, "allow-fail-open", false, "let templates admit objects while their provider is down or silent")
	return c
}

func (o *suitesOptions) execute(c *cobra.Command, paths []string) error {
	filter, err := verify.NewFilter(o.run)
	if err != nil {
		return cli.UsageError("--run: %w", err)
	}
	found, err := find(c, paths)
	if err != nil {
		return err
	}
	sources, err := o.sources.open()
	if err != nil {
		return err
	}
	defer sources.close()
	runner := suites.Runner{Sources: sources.Sources, Filter: filter, Trace: o.trace, AllowFailOpen: o.allowFailOpen, AsOf: o.asOf.Time}
	var results []verify.SuiteResult
	for _, suite := range found {
		results = append(results, runner.Run(c.Context(), suite))
	}
	if err := o.ran(results); err != nil {
		return err
	}
	if err := o.print(c, results); err != nil {
		return err
	}
	if err := sources.record(); err != nil {
		return err
	}
	if suites.Failed(results) {
		return cli.Silent(cli.ExitFailed)
	}
	return nil
}

// ran wants a case that was run: a test that tests nothing must not pass.
func (o *suitesOptions) ran(results []verify.SuiteResult) error {
	switch {
	case suites.Failed(results) || suites.Ran(results) > 0:
		return nil
	case o.run != "":
		return cli.UsageError("no case matches --run %q", o.run)
	}
	return cli.Exit(cli.ExitFailed, errors.New("no case was run: all are skipped"))
}

// find wants something at each path: a test that tests nothing must not pass.
func find(c *cobra.Command, paths []string) ([]suites.Found, error) {
	var all []suites.Found
	for _, path := range paths {
		found, err := suites.Find(path)
		if err != nil {
			return nil, cli.UsageError("finding suites: %w%s", err, meant(c, path))
		}
		if len(found) == 0 {
			return nil, cli.UsageError("no suite in %s", path)
		}
		all = append(all, found...)
	}
	return all, nil
}

// meant names the command that a path without a folder in it was most likely meant to be, or is "".
func meant(c *cobra.Command, path string) string {
	if near := c.SuggestionsFor(path); len(near) > 0 && filepath.Base(path) == path {
		return fmt.Sprintf("; did you mean the command %q?", near[0])
	}
	return ""
}

func (o *suitesOptions) print(c *cobra.Command, results []verify.SuiteResult) error {
	if o.output.JSON() {
		return suites.PrintJSON(c.OutOrStdout(), results)
	}
	return suites.Print(c.OutOrStdout(), results, o.verbose)
}
