package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/cluster"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// exitSoon is the exit code of report for an end that comes too soon.
const exitSoon = 5

// soonByDefault is when an end is soon, without --fail-within.
const soonByDefault = 30 * 24 * time.Hour

// maxReport bounds a report that is read again, in bytes.
const maxReport = 256 << 20

// maxConcurrency bounds --concurrency: each check may hold a connection.
const maxConcurrency = 256

// The values of report's flag -o.
const (
	formTable = "table"
	formJSON  = "json"
	formCSV   = "csv"
	formHTML  = "html"
)

// reportOptions are the flags of report.
type reportOptions struct {
	config         string
	from           string
	cluster        bool
	account        string // the folder with the service account for cluster
	form           string
	exceptionsOnly bool
	concurrency    int
	failWithin     cli.Duration
	failing        bool // whether --fail-within was given
}

func newReport() *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "report [--config FILE] {--cluster | FILE…}",
		Short: "Report what runs, why it is trusted, and what lapses when",
		Long: `Reads Kubernetes objects from files, or from standard input as -, and reports on every image
that they use: the verdict by the same code as serve, the signer, when the verdict lapses and
by what, who uses it, and the exceptions that cover it. Pods, and all kinds with a pod
template, can be given as JSON or YAML, in lists too. Pods that have finished are left out.

Where a pod's status has the digest that runs, the verdict is about that digest, and the
report compares it with what the tag stands for now. SignedImages constraints among the
objects tell the exceptions, with ClusterImageExceptions and ImageExceptions that they read.
They tell the metadata and the signers that they want of an image, too: an image is admitted if
each constraint that denies admits it. A constraint counts by its namespaces; its labels and
kinds are not looked at.

--exceptions reports on the exceptions alone: those that are broken, have ended or end soon,
that nothing uses, and that are broader than what runs. It asks no registry, and needs no --config.

--cluster lists pods, constraints and exceptions of all namespaces from the API server, as the
service account of the pod that it runs in. It reads no kubeconfig.

Soon is within 30 days, or what --fail-within says. --from prints a report that -o json made
before, and asks no registry. Without --config the trust is that of the notation command, as for
verify.

Exit codes: 0 all images are verified, or admitted by exceptions; 3 any other is refused, else
4 any other is undecided; 5 with --fail-within, an image lapses or an exception ends within
that time; 2 usage, 1 failure.`,
		Example: `  # What runs, for people and for a security officer's browser:
  kubectl get pods -A -o json | notation-provider report --config config.yaml -
  # Leave out the two kinds of exceptions if the cluster does not have them.
  kubectl get pods,signedimages,clusterimageexceptions,imageexceptions -A -o json > objects.json
  notation-provider report --config config.yaml -o html objects.json > report.html

  # Which exceptions can go?
  notation-provider report --exceptions objects.json

  # In a pod, whose service account may list pods, constraints and exceptions:
  notation-provider report --config config.yaml --cluster --fail-within 30d -o json

  # Every night: fail if something lapses within 30 days, and keep the report.
  notation-provider report --config config.yaml --fail-within 30d -o json objects.json > report.json
  notation-provider report --from report.json -o csv > report.csv`,
		RunE: func(c *cobra.Command, files []string) error {
			o.failing = c.Flags().Changed("fail-within")
			return o.run(c, files)
		},
	}
	c.Flags().StringVarP(&o.config, "config", "c", "", "the server's configuration `FILE`; without it, notation's own")
	c.Flags().StringVar(&o.from, "from", "", "print the report in a `FILE` of report -o json, - for standard input")
	c.Flags().BoolVar(&o.cluster, "cluster", false, "in a pod, list the objects from the API server")
	c.Flags().StringVar(&o.account, "account", cluster.Folder, "for --cluster, the `FOLDER` with the pod's service account")
	c.Flags().BoolVar(&o.exceptionsOnly, "exceptions", false, "report on the exceptions alone; asks no registry")
	c.Flags().IntVar(&o.concurrency, "concurrency", 0, "how `MANY` images to check at a time (default limits.concurrent of the configuration)")
	c.Flags().Var(&o.failWithin, "fail-within", "exit with 5 if something ends within `DURATION`, such as 30d or 720h")
	cli.Choice(c, &o.form, "output", "o", "how to print the report", formTable, formJSON, formCSV, formHTML)
	return c
}

// run makes the report and prints it. The error has the exit code.
func (o *reportOptions) run(c *cobra.Command, files []string) error {
	if err := o.check(files); err != nil {
		return err
	}
	made, err := o.make(c, files)
	if err != nil {
		return err
	}
	if err := o.print(c.OutOrStdout(), made); err != nil {
		return err
	}
	return o.exit(made)
}

// check refuses what makes no sense together.
func (o *reportOptions) check(files []string) error {
	switch {
	case o.failWithin < 0:
		return cli.UsageError("--fail-within %s is in the past; write a time from now, such as 30d", &o.failWithin)
	case o.concurrency < 0 || o.concurrency > maxConcurrency:
		return cli.UsageError("--concurrency %d is not between 1 and %d", o.concurrency, maxConcurrency)
	case o.from != "" && len(files) > 0:
		return cli.UsageError("--from %s is a report already; leave out %q, or --from", o.from, files)
	case o.from != "" && o.failing:
		return cli.UsageError("--from prints a report as it was made; leave out --fail-within, or make the report with it")
	case o.from != "" && o.cluster:
		return cli.UsageError("--from %s is a report already; leave out --cluster, or --from", o.from)
	case o.cluster && len(files) > 0:
		return cli.UsageError("--cluster lists the objects itself; leave out %q, or --cluster", files)
	case o.from == "" && !o.cluster && len(files) == 0:
		return cli.UsageError("there is no file with objects; name some, or - for standard input, or --cluster in a pod; see 'notation-provider report --help'")
	}
	return nil
}

// make makes the report, or reads the one that --from names.
func (o *reportOptions) make(c *cobra.Command, files []string) (*reports.Report, error) {
	if o.from != "" {
		text, err := read(c.InOrStdin(), o.from)
		if err != nil {
			return nil, err
		}
		made, err := reports.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", o.from, err)
		}
		return made, nil
	}
	found, err := o.collect(c, files)
	if err != nil {
		return nil, err
	}
	soon := soonByDefault
	if o.failing {
		soon = time.Duration(o.failWithin)
	}
	if o.exceptionsOnly {
		return found.BuildExceptions(time.Now(), soon), nil
	}
	if found.Empty() { // a nightly job whose list is empty must not pass
		return nil, errors.New("none of the objects uses an image; give the pods that run, as kubectl get pods -A -o json prints them")
	}
	verdicts, err := o.verify(c, found.Keys())
	if err != nil {
		return nil, err
	}
	return found.Build(verdicts, time.Now(), soon), nil
}

// read reads a report.
func read(stdin io.Reader, file string) ([]byte, error) {
	if file == "-" {
		return regularfile.ReadAll(stdin, "standard input", maxReport)
	}
	return regularfile.Read(file, maxReport)
}

// print prints the report in the form that -o asks for.
func (o *reportOptions) print(out io.Writer, made *reports.Report) error {
	switch o.form {
	case formJSON:
		return made.JSON(out)
	case formCSV:
		if o.exceptionsOnly {
			return made.ExceptionsCSV(out)
		}
		return made.CSV(out)
	case formHTML:
		return made.HTML(out)
	}
	if o.exceptionsOnly {
		return made.ExceptionsTable(out)
	}
	return made.Table(out)
}

// exit is the exit code that the report calls for.
func (o *reportOptions) exit(made *reports.Report) error {
	code := made.Worst(0, exitUndecided, exitRefused)
	if code == 0 && o.failing && made.EndsSoon() {
		code = exitSoon
	}
	if code == 0 {
		return nil
	}
	return cli.Silent(code)
}
