package main

import (
	"log/slog"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
	"gitlab.com/ska-telescope/notation-provider/provider/server"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
)

// queuePerPlace is how many checks may wait for each that runs. More would only
// wait until their request's deadline.
const queuePerPlace = 16

// app is everything between the listeners and the network.
type app struct {
	trust    *trust.Files
	registry *registry.Client
	verifier *verifier.Verifier
	cache    *cache.Cache
	provider *provider.Provider
}

// assemble builds the app from the network inward: trust, registries, evidence, verifier, limiter,
// cache, provider.
func assemble(c config.Config, m *metrics.Metrics, log *slog.Logger) (*app, error) {
	trusted, err := trust.Open(c.Trust.PolicyFile, c.Trust.StoreDir)
	if err != nil {
		return nil, err
	}
	registries, err := registry.New(registry.Options{
		Registries:     c.Registries,
		DockerConfigs:  c.DockerConfigs,
		Guard:          egress.NewGuard(),
		RequestTimeout: time.Duration(c.RequestTimeout),
		Signatures:     c.Limits.Signatures,
		Envelope:       int64(c.Limits.Envelope),
		UserAgent:      "notation-provider/" + version.Number,
		Observe:        m.RegistryRequest,
		Log:            log,
	})
	if err != nil {
		return nil, err
	}
	kept, err := evidence.NewMemory(int64(c.Cache.Evidence))
	if err != nil {
		return nil, err
	}
	imageVerifier, err := verifier.New(verifier.Options{
		Trust:      trusted,
		Repository: func(image provider.Image) verifier.Repository { return registries.Repository(image) },
		Evidence:   evidence.New(kept, func(hit bool) { m.Cache(evidenceMemory, string(eventOf(hit))) }),
		Signatures: c.Limits.Signatures,
		Revocation: egress.NewTransport(egress.Options{
			Guard:  egress.NewGuard(c.Egress.Allow...),
			Bounds: egress.Bounds{Timeout: time.Duration(c.RequestTimeout), BodyBytes: revocation.MaxListBytes},
		}),
		RevocationAge:     time.Duration(c.Cache.Verified),
		RevocationOutcome: m.RevocationRequests(revocation.Kinds(), revocation.Outcomes()),
		Log:               log,
	})
	if err != nil {
		return nil, err
	}
	limiter := cache.NewLimiter(cache.LimiterOptions{
		Concurrent:  c.Limits.Concurrent,
		PerRegistry: c.Limits.PerRegistry,
		Queue:       queuePerPlace * c.Limits.Concurrent,
		Named:       registryHosts(c),
	})
	m.InFlight(limiter.Load)
	memory, err := cache.New(cache.Options{
		Resolver:     registries,
		Limit:        limiter,
		Entries:      c.Cache.Entries,
		Verified:     time.Duration(c.Cache.Verified),
		Refused:      time.Duration(c.Cache.Refused),
		Tags:         time.Duration(c.Cache.Tags),
		VerifyWithin: time.Duration(c.VerifyWithin),
		Encode:       gatekeeper.EncodeVerdict,
		Observe:      func(memory string, event cache.Event) { m.Cache(memory, string(event)) },
		Took:         m.Step,
	})
	if err != nil {
		return nil, err
	}
	answers, err := provider.New(provider.Options{
		Trust:        imageVerifier,
		Cache:        memory,
		AnswerWithin: time.Duration(c.AnswerWithin),
		MutateWithin: time.Duration(c.MutateWithin),
		Images:       c.Cache.Entries,
	})
	if err != nil {
		return nil, err
	}
	return &app{trust: trusted, registry: registries, verifier: imageVerifier, cache: memory, provider: answers}, nil
}

// close ends the checks under way, and the idle connections.
func (a *app) close() {
	a.cache.Close()
	a.registry.Close()
}

// evidenceMemory is what the metrics call the evidence.
const evidenceMemory = "evidence"

// newMetrics makes the metrics of this process.
func newMetrics() *metrics.Metrics {
	return metrics.New(version.Number, append(cache.Memories(), evidenceMemory), cache.Events())
}

func eventOf(hit bool) cache.Event {
	if hit {
		return cache.Hit
	}
	return cache.Missed
}

func registryHosts(c config.Config) []string {
	hosts := make([]string, 0, len(c.Registries))
	for _, r := range c.Registries {
		hosts = append(hosts, r.Host)
	}
	return hosts
}

// listeners are the server with its two listeners, and the poller that reloads every file.
type listeners struct {
	server *server.Server
	poller *reload.Poller
}

// listen binds both listeners.
func listen(c config.Config, a *app, m *metrics.Metrics, log *slog.Logger) (*listeners, error) {
	identity, err := server.LoadIdentity(c.TLS.CertFile, c.TLS.KeyFile)
	if err != nil {
		return nil, err
	}
	clients, err := server.LoadClientCA(c.TLS.ClientCAFile)
	if err != nil {
		return nil, err
	}
	poller := reload.New(time.Duration(c.Reload), log, m.Reload, a.trust, a.registry, identity, clients)
	m.RevocationEndpoints(func() []metrics.RevocationEndpoint { return revocationEndpoints(a.verifier) })
	m.State(func() []metrics.Certificate {
		return append(certificates(a.trust, identity, clients), signers(a.verifier)...)
	}, func() []metrics.Source { return sources(poller) })
	s, err := server.New(server.Options{
		Listen:      c.Listen,
		AdminListen: c.AdminListen,
		Identity:    identity,
		ClientCA:    clients,
		ClientNames: c.TLS.ClientNames,
		Handler: gatekeeper.New(gatekeeper.Options{
			Provider: a.provider,
			MaxBytes: int64(c.Limits.RequestBytes),
			MaxKeys:  c.Limits.Keys,
			Log:      log,
			Observe:  m.Request,
			Found:    m.Finding,
		}),
		Refuse:          gatekeeper.Refuse,
		Metrics:         m.Handler(),
		Sources:         func() []reload.Status { return append(poller.Status(), revocationStatus(a.verifier)) },
		HandshakeFailed: m.HandshakeFailures(server.HandshakeCauses()),
		WriteTimeout:    10*time.Second + time.Duration(max(c.AnswerWithin, c.MutateWithin)),
		DrainDelay:      drainDelay,
		Log:             log,
	})
	if err != nil {
		return nil, err
	}
	m.Connections(func() []metrics.Connections { return connections(s) })
	return &listeners{server: s, poller: poller}, nil
}

// certificates are all certificates in force, for the metrics.
func certificates(trusted *trust.Files, identity *server.Identity, clients *server.ClientCA) []metrics.Certificate {
	serving := identity.Expiry()
	all := []metrics.Certificate{{Use: "serving", Subject: serving.Subject, NotAfter: serving.NotAfter}}
	for _, c := range clients.Expiries() {
		all = append(all, metrics.Certificate{Use: "client-ca", Subject: c.Subject, NotAfter: c.NotAfter})
	}
	for _, c := range trusted.Current().Certificates() {
		all = append(all, metrics.Certificate{Use: "trust", Store: c.Store, File: c.File, Subject: c.Subject.String(), NotAfter: c.NotAfter})
	}
	return all
}

// signers are the certificates of the signatures that verified images lately.
func signers(v *verifier.Verifier) []metrics.Certificate {
	var all []metrics.Certificate
	for _, c := range v.SignerCertificates() {
		all = append(all, metrics.Certificate{Use: c.Use, Subject: c.Subject, NotAfter: c.NotAfter})
	}
	return all
}

func revocationEndpoints(v *verifier.Verifier) []metrics.RevocationEndpoint {
	var all []metrics.RevocationEndpoint
	for _, e := range v.RevocationEndpoints() {
		all = append(all, metrics.RevocationEndpoint{Kind: string(e.Kind), URL: e.URL, Failing: e.Err != nil, NextUpdate: e.NextUpdate})
	}
	return all
}

// revocationStatus has readiness tell of endpoints that fail, in words: their last answers are still in force.
func revocationStatus(v *verifier.Verifier) reload.Status {
	status := reload.Status{Source: "revocation"}
	for _, e := range v.RevocationEndpoints() {
		if note := e.Note(); note != "" {
			status.Notes = append(status.Notes, note)
		}
	}
	return status
}

func connections(s *server.Server) []metrics.Connections {
	var all []metrics.Connections
	for _, c := range s.Connections() {
		all = append(all, metrics.Connections(c))
	}
	return all
}

func sources(p *reload.Poller) []metrics.Source {
	var all []metrics.Source
	for _, s := range p.Status() {
		all = append(all, metrics.Source{Name: s.Source, Failing: s.Err != nil})
	}
	return all
}
