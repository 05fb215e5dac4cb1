package main

import (
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/cache"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry"
	"gitlab.com/ska-telescope/notation-provider/provider/revocation"
)

// queuePerPlace is how many checks may wait for each that runs. More would only
// wait until their request's deadline.
const queuePerPlace = 16

// settings are a configuration as the rooms take it: all that can change while the server runs.
// assemble starts from them, and app.prepare changes over to others.
type settings struct {
	trust      config.Trust
	registries registrySettings
	evidence   int64 // bytes
	verifier   verifierSettings
	limiter    cache.LimiterOptions
	cache      cache.Settings
	answers    provider.Settings
	requests   requestBounds
}

// registrySettings are those of registry.Options.
type registrySettings struct {
	registries     []config.Registry
	dockerConfigs  []string
	requestTimeout time.Duration
	signatures     int
	envelope       int64
}

// apply is for registry.Client.Prepare.
func (s registrySettings) apply(o *registry.Options) {
	o.Registries, o.DockerConfigs = s.registries, s.dockerConfigs
	o.RequestTimeout, o.Signatures, o.Envelope = s.requestTimeout, s.signatures, s.envelope
}

// verifierSettings are those of verifier.Options.
type verifierSettings struct {
	signatures     int
	allow          []string // the hosts of egress.allow
	requestTimeout time.Duration
	revocationAge  time.Duration
}

// transport is by whom OCSP responders and CRLs are asked.
func (s verifierSettings) transport() *egress.Transport {
	return egress.NewTransport(egress.Options{
		Guard:  egress.NewGuard(s.allow...),
		Bounds: egress.Bounds{Timeout: s.requestTimeout, BodyBytes: revocation.MaxListBytes},
	})
}

// requestBounds are those of one request to the server.
type requestBounds struct {
	bytes int64
	keys  int
}

func settingsOf(c config.Config) settings {
	return settings{
		trust: c.Trust,
		registries: registrySettings{
			registries: c.Registries, dockerConfigs: c.DockerConfigs, requestTimeout: time.Duration(c.RequestTimeout),
			signatures: c.Limits.Signatures, envelope: int64(c.Limits.Envelope),
		},
		evidence: int64(c.Cache.Evidence.Memory),
		verifier: verifierSettings{
			signatures: c.Limits.Signatures, allow: c.Egress.Allow,
			requestTimeout: time.Duration(c.RequestTimeout), revocationAge: time.Duration(c.Cache.Verified),
		},
		limiter: cache.LimiterOptions{
			Concurrent: c.Limits.Concurrent, PerRegistry: c.Limits.PerRegistry,
			Queue: queuePerPlace * c.Limits.Concurrent, Named: registryHosts(c),
		},
		cache: cache.Settings{
			Entries: c.Cache.Entries, Verified: time.Duration(c.Cache.Verified), Refused: time.Duration(c.Cache.Refused),
			Tags: time.Duration(c.Cache.Tags), VerifyWithin: time.Duration(c.VerifyWithin),
		},
		answers: provider.Settings{
			AnswerWithin: time.Duration(c.AnswerWithin), MutateWithin: time.Duration(c.MutateWithin), Images: c.Cache.Entries,
		},
		requests: requestBounds{int64(c.Limits.RequestBytes), c.Limits.Keys},
	}
}

func registryHosts(c config.Config) []string {
	hosts := make([]string, 0, len(c.Registries))
	for _, r := range c.Registries {
		hosts = append(hosts, r.Host)
	}
	return hosts
}
