package registry

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
)

// Registries asks any registry, with the settings of each.
type Registries struct {
	Options
	files atomic.Pointer[files]
	// capability remembers which repositories have no referrers API, until when.
	capability *lru.Cache[string, time.Time]
	large      egress.Permits
	// others is the health of the hosts that the configuration does not name: there may be
	// any number of them.
	others *egress.Health
}

// New reads the files that o names.
func New(o Options) (*Registries, error) {
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	o.Envelope = cmp.Or(o.Envelope, defaultEnvelope)
	capability, err := lru.New[string, time.Time](4096)
	if err != nil {
		return nil, err
	}
	r := &Registries{Options: o, capability: capability, large: make(egress.Permits, maxLarge), others: egress.NewHealth()}
	loaded, err := r.load()
	if err != nil {
		return nil, err
	}
	r.files.Store(loaded)
	r.logWarnings(loaded)
	return r, nil
}

// Name is what the files are called in logs and readiness.
func (r *Registries) Name() string { return "registries" }

// Reload reads CA files and docker configs again and puts what is new in force.
// On an error the old ones stay. New settings mean new connections and no tokens.
func (r *Registries) Reload() (changed bool, err error) {
	loaded, err := r.load()
	if err != nil {
		return false, err
	}
	if loaded.sum == r.files.Load().sum {
		return false, nil
	}
	r.files.Swap(loaded).close()
	r.logWarnings(loaded)
	return true, nil
}

// Close ends idle connections.
func (r *Registries) Close() { r.files.Load().close() }

// settings returns those of a host.
func (r *Registries) settings(host string) config.Registry {
	i := slices.IndexFunc(r.Registries, func(c config.Registry) bool { return c.Host == host })
	if i < 0 {
		return config.Registry{Host: host, Referrers: config.ReferrersAuto}
	}
	return r.Registries[i]
}

// label is a host's name for metrics: users name hosts, so others have none.
func (r *Registries) label(host string) string {
	if slices.ContainsFunc(r.Registries, func(c config.Registry) bool { return c.Host == host }) {
		return host
	}
	return "other"
}

// Resolve returns the descriptor of an image's manifest, provider.ErrNotFound
// if the registry has none, or a provider.UndecidedError.
func (r *Registries) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	return r.Repository(image).Resolve(ctx)
}
