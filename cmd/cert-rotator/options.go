package main

import (
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/replicas"
	"gitlab.com/ska-telescope/notation-provider/cmd/cert-rotator/internal/serving"
	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// options are what the command line says.
type options struct {
	namespace, secret, configMap, webhooks string
	providers                              []string
	service                                string
	rules                                  serving.Rules
	overlap                                time.Duration

	kubeconfig, admin, lease string
	elect                    bool
	log                      config.Log
}

func (o *options) add(flags *pflag.FlagSet) {
	flags.StringVar(&o.namespace, "namespace", "notation-provider", "the namespace of the Secret, the ConfigMap and the Lease")
	flags.StringVar(&o.secret, "secret", "", "the `NAME` of the Secret with the serving certificate and its CA; without it both are left to others")
	flags.StringArrayVar(&o.providers, "provider", nil, "the `NAME` of a Provider whose caBundle to keep; may be repeated")
	flags.StringArrayVar(&o.rules.Names, "dns-name", nil, "a DNS `NAME` of the server; may be repeated (default the names of Service notation-provider)")
	flags.StringVar(&o.service, "replicas-service", "", "host:port of the headless Service that names every replica of the server (default notation-provider-replicas.NAMESPACE.svc:8443)")
	flags.DurationVar(&o.rules.CAValidity, "ca-validity", 365*24*time.Hour, "how long a CA is valid; it is changed when two thirds of that are over")
	flags.DurationVar(&o.rules.LeafValidity, "certificate-validity", 30*24*time.Hour, "how long a serving certificate is valid; it is renewed when two thirds of that are over")
	flags.DurationVar(&o.rules.Settle, "settle", 30*time.Second, "how long Gatekeeper is given to take up a caBundle")
	flags.DurationVar(&o.rules.SettleAtMost, "settle-at-most", 10*time.Minute, "how long a replica of Gatekeeper is waited for that reports an older caBundle")
	flags.DurationVar(&o.rules.ServingAtLeast, "serving-at-least", 3*time.Minute, "how long the old CA stays in any case once certificates of the new one are issued")
	flags.DurationVar(&o.rules.LookInterval, "look-interval", 10*time.Second, "the time between looks at what the replicas serve; two in a row must show the new CA")
	flags.StringVar(&o.configMap, "client-ca-config-map", "", "the `NAME` of the ConfigMap with the CA of Gatekeeper's client certificates; without it that is left to others")
	flags.StringVar(&o.webhooks, "webhook-configuration", "gatekeeper-validating-webhook-configuration", "Gatekeeper's ValidatingWebhookConfiguration, whose caBundle is that CA")
	flags.DurationVar(&o.overlap, "client-ca-overlap", time.Hour, "how long Gatekeeper's old CA stays beside a new one")
	flags.BoolVar(&o.elect, "leader-elect", true, "let one of several replicas act")
	flags.StringVar(&o.lease, "lease", "notation-provider-cert-rotator", "the Lease by which the leader is elected")
	flags.StringVar(&o.admin, "admin-listen", ":8080", "the address of /healthz, /readyz and /metrics; host:0 is any free port")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server (default the pod's ServiceAccount)")
	flags.StringVar(&o.log.Level, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&o.log.Format, "log-format", "json", "json or text")
}

// complete fills in what follows from the namespace, and refuses what cannot work.
func (o *options) complete() error {
	host := "notation-provider." + o.namespace
	if len(o.rules.Names) == 0 {
		o.rules.Names = []string{host + ".svc", host + ".svc.cluster.local", host}
	}
	if o.service == "" {
		o.service = "notation-provider-replicas." + o.namespace + ".svc:8443"
	}
	switch {
	case o.namespace == "":
		return cli.UsageError("--namespace is empty")
	case o.secret == "" && o.configMap == "":
		return cli.UsageError("neither --secret nor --client-ca-config-map is given: there is nothing to do; see 'cert-rotator --help'")
	case o.secret != "" && (len(o.providers) == 0 || slices.Contains(o.providers, "")):
		return cli.UsageError("--provider NAME is missing: somebody has to trust what --secret holds")
	case o.configMap != "" && o.webhooks == "":
		return cli.UsageError("--webhook-configuration is empty")
	case o.overlap < 0:
		return cli.UsageError("--client-ca-overlap %s is negative", o.overlap)
	case o.elect && o.lease == "":
		return cli.UsageError("--lease is empty; name one, or give --leader-elect=false if there is one replica only")
	}
	if err := o.rules.Check(); err != nil && o.secret != "" {
		return cli.UsageError("%w; see 'cert-rotator --help'", err)
	}
	if _, err := replicas.Parse(o.service, o.rules.Names[0]); err != nil {
		return cli.UsageError("--replicas-service: %w", err)
	}
	return o.checkLog()
}

func (o *options) checkLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.log.Level)); err != nil {
		return cli.UsageError("--log-level %q is not known; write one of debug, info, warn, error", o.log.Level)
	}
	if o.log.Format != "json" && o.log.Format != "text" {
		return cli.UsageError("--log-format %q is not known; write one of json, text", o.log.Format)
	}
	return nil
}
