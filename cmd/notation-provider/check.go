package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/provider/tracing"
)

func newCheck() *cobra.Command {
	var file, providerURL string
	in := installation{gatekeeper: config.DefaultGatekeeper()}
	var output *cli.Output
	c := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Check a configuration and every file it names, and warn of risks",
		Long: `Loads the configuration and every file it names, as serve would. Lists trust policies
and their scopes, certificates with the days they have left, and registries and the
evidence store with their certificate authorities. Warns of settings that are risky, of
certificates that Gatekeeper would refuse, and of certificates that end soon. Does not
use the network.

What the configuration cannot know of the cluster is given by flags: the Provider's url
and timeout, and how long Gatekeeper's webhooks wait.

Exit codes: 0 the server would start (read the warnings), 1 it would not; 2 usage.`,
		Example: `  notation-provider check --config config.yaml
  notation-provider check --config config.yaml --provider-timeout 2s \
    --provider-url https://notation-provider.notation-provider.svc:8443/validate
  notation-provider check --config config.yaml -o json | jq -e '.warnings == []'`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := load(file)
			if err != nil {
				return err
			}
			if in.host, err = hostOf(providerURL); err != nil {
				return err
			}
			found, err := inspect(cfg, in, time.Now())
			if err != nil {
				return err
			}
			if output.JSON() {
				return printable.JSON(c.OutOrStdout(), found)
			}
			return found.print(c.OutOrStdout())
		},
	}
	addConfig(c, &file)
	c.Flags().StringVar(&providerURL, "provider-url", "", "spec.url of the Provider object: the `URL` whose host the serving certificate must have")
	c.Flags().DurationVar(&in.gatekeeper.Provider, "provider-timeout", 0, "spec.timeout of the Provider object, a `DURATION`; 0 if not known")
	c.Flags().DurationVar(&in.gatekeeper.ValidatingWebhook, "webhook-timeout", in.gatekeeper.ValidatingWebhook, "timeoutSeconds of Gatekeeper's validating webhook, a `DURATION`")
	c.Flags().DurationVar(&in.gatekeeper.MutatingWebhook, "mutating-webhook-timeout", in.gatekeeper.MutatingWebhook, "timeoutSeconds of Gatekeeper's mutating webhook, a `DURATION`")
	output = cli.AddOutput(c)
	return c
}

// inspection is what check found.
type inspection struct {
	Policies     []policyRow      `json:"policies"`
	Certificates []certificateRow `json:"certificates"`
	Registries   []registryRow    `json:"registries"`
	// EvidenceStore is left out where signatures are kept in memory alone.
	EvidenceStore *storeRow `json:"evidenceStore,omitempty"`
	// AnswerWithin is how long one constraint may wait, and ConstraintsInTime how many may
	// before Gatekeeper's webhook gives up, after WebhookTimeout.
	AnswerWithin      config.Duration `json:"answerWithin"`
	ConstraintsInTime int             `json:"constraintsInTime"`
	WebhookTimeout    config.Duration `json:"webhookTimeout"`
	Warnings          []string        `json:"warnings"`
}

type policyRow struct {
	Name       string   `json:"name"`
	Level      string   `json:"level"`
	Scopes     []string `json:"scopes"`
	Identities []string `json:"identities"`
}

type certificateRow struct {
	Use      string    `json:"use"`
	Store    string    `json:"store,omitempty"`
	File     string    `json:"file,omitempty"`
	Subject  string    `json:"subject"`
	NotAfter time.Time `json:"notAfter"`
	DaysLeft int       `json:"daysLeft"`
}

// inspect loads what serve would load.
func inspect(c config.Config, in installation, now time.Time) (*inspection, error) {
	dangers, noStore := c.Unsafe(), checkStore(c)
	storeless := c
	storeless.Cache.Evidence.Store = config.StoreNone // it is the server's to write
	a, err := assemble(storeless, newMetrics(), nil, slog.New(slog.DiscardHandler))
	if err == nil {
		defer a.close()
	}
	_, noTraces := tracing.FromEnvironment(os.Getenv)
	identity, noIdentity := server.LoadIdentity(c.TLS.CertFile, c.TLS.KeyFile)
	clients, noClients := server.LoadClientCA(c.TLS.ClientCAFile)
	// All errors at once, so that all files can be corrected at once.
	if err := errors.Join(err, noStore, noTraces, noIdentity, noClients); err != nil {
		return nil, err
	}
	trusted := a.trust.Current()
	found := &inspection{
		Registries: registryRows(c), EvidenceStore: storeOf(c),
		AnswerWithin: c.AnswerWithin, ConstraintsInTime: c.ConstraintsInTime(in.gatekeeper), WebhookTimeout: config.Duration(in.gatekeeper.ValidatingWebhook),
		Warnings: slices.Concat(dangers, configurationWarnings(c, in), certificateWarnings(c, in, identity, clients, now), trusted.Warnings(now), a.registry.Warnings()),
	}
	for _, p := range trusted.Policies() {
		found.Policies = append(found.Policies, policyRow{p.Name(), p.Level(), p.Scopes(), p.Identities()})
	}
	for _, cert := range certificates(a.trust, identity, clients) {
		found.Certificates = append(found.Certificates, certificateRow{cert.Use, cert.Store, cert.File, cert.Subject, cert.NotAfter.UTC(), daysLeft(cert.NotAfter, now)})
	}
	found.Certificates = append(found.Certificates, otherCertificates(c, now)...)
	if found.Warnings == nil {
		found.Warnings = []string{}
	}
	return found, nil
}

func (i *inspection) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "POLICY\tLEVEL\tSCOPES\tIDENTITIES")
	for _, p := range i.Policies {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", printable.Text(p.Name), p.Level, strings.Join(p.Scopes, " "), printable.Text(strings.Join(p.Identities, "; ")))
	}
	fmt.Fprintln(table, "\nCERTIFICATE\tSTORE\tDAYS LEFT\tENDS\tFILE\tSUBJECT")
	for _, c := range i.Certificates {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", c.Use, c.Store, c.DaysLeft, c.NotAfter.Format(time.DateOnly), printable.Text(c.File), printable.Text(c.Subject))
	}
	printRegistries(table, i.Registries)
	i.EvidenceStore.print(table)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nA constraint waits up to %v, and Gatekeeper's webhook up to %v: there is time for %s.\n"+
		"Keep constraints × answerWithin + the time of their Rego below the webhook's timeoutSeconds.\n", i.AnswerWithin, i.WebhookTimeout, count(i.ConstraintsInTime, "constraint that waits", "constraints that wait"))
	for _, w := range i.Warnings {
		fmt.Fprintf(out, "\nwarning: %s\n", printable.Text(w))
	}
	_, err := fmt.Fprintf(out, "\nIt would start: %s, %s, %s.\n",
		count(len(i.Policies), "policy", "policies"), count(len(i.Certificates), "certificate", "certificates"), count(len(i.Warnings), "warning", "warnings"))
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}
