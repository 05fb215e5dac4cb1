package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/suites"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

type evalOptions struct {
	sources        sourceFlags
	files          []string
	verdicts       string
	output         *cli.Output
	allowUnmatched bool
	asOf           asOf
}

func newEval() *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval -f FILE...",
		Short: "Decide on manifests, without a suite",
		Long: `Loads the templates and constraints among the objects in the files, and prints what they
decide on each of the other objects, as gator test does. An AdmissionReview is decided
on as it stands; every other object as if it were created now. Of a list, such as
kubectl writes, each item is decided on. ClusterImageExceptions and ImageExceptions are
exceptions, and not decided on.

  ADMITTED     a constraint judged the object, and none denies it; in brackets, why:
               verified, excepted by a constraint or an object and until when, not governed; or what
               constraints with warn or dryrun have against it
  DENIED       a constraint denies it
  NOT JUDGED   no constraint matches, or an image that should be there was not found
  EMPTY LIST   a list without items

Exit codes: 0 all are admitted; 1 something is denied; 2 the command line or a file is
wrong: a template does not compile, for example, or a constraint has no template or an
enforcementAction that there is not; 3 nothing is denied, and something is not judged,
or external_data has no answer.`,
		Example: `  # A policy, a constraint, what runs in a cluster, recorded verdicts.
  kubectl get pods -A -o yaml > pods.yaml
  policytest eval -f policies/signedimages/template.yaml -f constraint.yaml -f pods.yaml \
    --verdicts verdicts.yaml

  # What is in a cluster now, without a file in between.
  kubectl get pods -A -o yaml | policytest eval -f policies/signedimages/template.yaml \
    -f constraint.yaml -f - --verdicts verdicts.yaml

  # Which exceptions will have ended in spring?
  policytest eval -f policies/signedimages/template.yaml -f constraint.yaml -f pods.yaml \
    --verdicts verdicts.yaml --as-of 2027-04-01

  # Ask a live provider.
  policytest eval -f policies/signedimages/template.yaml -f constraint.yaml -f deployment.yaml \
    --provider notation-provider=https://127.0.0.1:8443/validate \
    --ca ca.crt --cert tls.crt --key tls.key -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.UsageError("eval takes no arguments, got %q; name files with -f; see '%s --help'", args, c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return o.execute(c) },
	}
	o.sources.add(c)
	c.Flags().StringArrayVarP(&o.files, "filename", "f", nil, "a `FILE` with objects, a directory and all below it, or - for standard input; may be repeated")
	c.Flags().StringVar(&o.verdicts, "verdicts", "", "a `FILE` with answers, as verdicts.yaml beside a suite; its scenes do not count")
	o.asOf.add(c)
	o.output = cli.AddOutput(c)
	c.Flags().BoolVar(&o.allowUnmatched, "allow-unmatched", false, "ignore objects that no constraint matches in the exit code, such as the Services of a dump")
	return c
}

func (o *evalOptions) execute(c *cobra.Command) error {
	if len(o.files) == 0 {
		return cli.UsageError("no file is given; name files with -f; see '%s --help'", c.CommandPath())
	}
	objects, err := readObjects(o.files)
	if err != nil {
		return err
	}
	scene := &verdicts.Scene{}
	if o.verdicts != "" {
		file, err := verdicts.Read(o.verdicts)
		if err != nil {
			return cli.UsageError("--verdicts: %w", err)
		}
		scene = file.Scene("", "")
	}
	sources, err := o.sources.open()
	if err != nil {
		return err
	}
	defer sources.close()
	session := sources.Open(scene, cmp.Or(o.verdicts, "a verdicts.yaml for --verdicts"))
	defer session.Close()
	judge, err := load(c.Context(), session, o.asOf.Time, objects)
	if err != nil {
		return err
	}
	defer judge.Close()
	decisions, err := decide(c.Context(), session, judge, objects)
	if err != nil {
		return cli.Exit(exitUnknown, err)
	}
	excuse(decisions)
	if err := o.print(c.OutOrStdout(), decisions); err != nil {
		return err
	}
	warnIdle(c.ErrOrStderr(), objects, decisions)
	if err := sources.record(); err != nil {
		return cli.Exit(exitUnknown, err)
	}
	if code := exitOf(decisions, o.allowUnmatched); code != 0 {
		return cli.Silent(code)
	}
	return nil
}

// load makes an engine of the templates and constraints among the objects.
func load(ctx context.Context, session *suites.Session, asOf time.Time, objects []*unstructured.Unstructured) (*engine.Engine, error) {
	options := session.Options()
	options.AsOf = asOf
	judge, err := engine.New(options)
	if err != nil {
		return nil, err
	}
	if err := judge.Load(ctx, objects...); err != nil {
		judge.Close()
		return nil, cli.UsageError("-f: %w", err)
	}
	return judge, nil
}

func (o *evalOptions) print(out io.Writer, decisions []decision) error {
	if o.output.JSON() {
		return printable.JSON(out, decisions)
	}
	var b strings.Builder
	for _, d := range decisions {
		fmt.Fprintf(&b, "%s: %s", printable.Text(d.described), d.Decision)
		if d.Reason != "" {
			fmt.Fprintf(&b, " (%s)", printable.Text(d.Reason))
		}
		b.WriteByte('\n')
		for _, v := range d.Violations {
			fmt.Fprintf(&b, "  %s [%q] %s\n", v.Action(), v.Constraint, printable.Text(v.Msg))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
