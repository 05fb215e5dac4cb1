package main

import (
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/metrics"
)

// tell has the metrics read how the packages stand, at each scrape.
func (a *app) tell(m *metrics.Metrics) {
	m.Limiter(func() (running, waiting metrics.Load) {
		running.Used, waiting.Used = a.limiter.Load()
		running.Limit, waiting.Limit = a.limiter.Limits()
		return running, waiting
	})
	m.Memories(func() []metrics.Memory {
		limit := a.cache.Settings().Entries
		var all []metrics.Memory
		for _, l := range a.cache.Load() {
			all = append(all, metrics.Memory{Name: l.Memory, Good: l.Good, Refused: l.Refused, Limit: limit})
		}
		return all
	})
	m.Evidence(a.evidence.Load)
	m.VerifiedImages(a.verifier.VerifiedImages)
	m.Circuits(a.registry.CircuitsOpen)
	m.AnswerWithin(func() map[string]time.Duration {
		s := a.provider.Settings()
		return map[string]time.Duration{"/validate": s.AnswerWithin, "/mutate": s.MutateWithin}
	})
}
