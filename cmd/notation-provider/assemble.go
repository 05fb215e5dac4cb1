package main

import (
	"log/slog"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/version"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/evidence"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
	"gitlab.com/ska-telescope/notation-provider/provider/tracing"
	"gitlab.com/ska-telescope/notation-provider/provider/trust"
	"gitlab.com/ska-telescope/notation-provider/provider/verifier"
)

// app is everything between the listeners and the network.
type app struct {
	settings   settings // in force; for the goroutine that reloads
	trust      *trust.Files
	registry   *registry.Client
	evidence   *evidence.Memory
	store      evidenceBehind
	revocation *egress.Transport
	verifier   *verifier.Verifier
	limiter    *cache.Limiter
	cache      *cache.Cache
	provider   *provider.Provider
	handler    *gatekeeper.Handler
	tracer     *tracing.Tracer // nil: traces are off
}

// assemble builds the app from the network inward: trust, registries, evidence, verifier, limiter,
// cache, provider, handler. The tracer, which may be nil, wraps what each of them is given.
func assemble(c config.Config, m *metrics.Metrics, t *tracing.Tracer, log *slog.Logger) (a *app, err error) {
	if err := egress.CheckSystemRoots(); err != nil {
		return nil, err
	}
	s := settingsOf(c)
	a = &app{settings: s, revocation: s.verifier.transport(), tracer: t}
	if a.trust, err = trust.Open(s.trust.PolicyFile, s.trust.StoreDir); err != nil {
		return nil, err
	}
	asked := registry.Options{
		Guard:     egress.NewGuard(),
		UserAgent: "notation-provider/" + version.Number,
		Observe:   m.RegistryRequest,
		Log:       log,
	}
	s.registries.apply(&asked)
	if a.registry, err = registry.New(asked); err != nil {
		return nil, err
	}
	if a.evidence, err = evidence.NewMemory(s.evidence); err != nil {
		return nil, err
	}
	proof := evidence.New(a.evidence, func(hit bool) { m.Cache(evidenceMemory, string(eventOf(hit))) })
	if a.store, err = openStore(c, m, log); err != nil {
		return nil, err
	}
	m.EvidenceCircuits(a.store.circuits)
	if a.store.durable != nil {
		proof.Behind(a.store.durable, func(hit bool) { m.Cache(evidenceStore, string(eventOf(hit))) })
	}
	if a.verifier, err = verifier.New(verifier.Options{
		Trust:             a.trust,
		Repository:        func(image provider.Image) verifier.Repository { return t.Repository(a.registry.Repository(image)) },
		Evidence:          proof,
		Signatures:        s.verifier.signatures,
		Revocation:        t.Revocation(a.revocation),
		RevocationAge:     s.verifier.revocationAge,
		RevocationOutcome: m.RevocationRequests(revocation.Kinds(), revocation.Outcomes()),
		Log:               log,
	}); err != nil {
		return nil, err
	}
	a.limiter = cache.NewLimiter(s.limiter)
	if a.cache, err = cache.New(cache.Options{
		Resolver: t.Resolver(a.registry),
		Limit:    a.limiter,
		Settings: s.cache,
		Encode:   gatekeeper.EncodeVerdict,
		Observe:  func(memory string, event cache.Event) { m.Cache(memory, string(event)) },
		Took:     m.Step,
	}); err != nil {
		return nil, err
	}
	if a.provider, err = provider.New(provider.Options{Trust: t.Trust(a.verifier), Cache: t.Cache(a.cache), Settings: s.answers}); err != nil {
		return nil, err
	}
	a.tell(m)
	a.handler = gatekeeper.New(gatekeeper.Options{
		Provider: t.Answers(a.provider),
		MaxBytes: s.requests.bytes,
		MaxKeys:  s.requests.keys,
		Log:      log,
		Observe:  m.Request,
		Found:    m.Finding,
	})
	return a, nil
}

// close ends the checks under way, and the idle connections.
func (a *app) close() {
	a.cache.Close()
	a.registry.Close()
	a.store.close()
}

// What the metrics call the evidence in this process, and in the store behind it.
const (
	evidenceMemory = "evidence"
	evidenceStore  = "evidence-store"
)

// newMetrics makes the metrics of this process.
func newMetrics() *metrics.Metrics {
	return metrics.New(version.Number, append(cache.Memories(), evidenceMemory, evidenceStore), cache.Events())
}

func eventOf(hit bool) cache.Event {
	if hit {
		return cache.Hit
	}
	return cache.Missed
}
