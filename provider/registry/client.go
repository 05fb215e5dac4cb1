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

// Client asks registries, each with its own settings.
type Client struct {
	generation atomic.Pointer[generation]
	// withoutAPI remembers which repositories have no referrers API, until when.
	withoutAPI *lru.Cache[string, time.Time]
	// large are the permits for large answers of all hosts, othersLarge those of the hosts that the configuration does
	// not name.
	large, othersLarge egress.Permits
	// othersHealth is that of all hosts that the configuration does not name: there may be
	// any number of them.
	othersHealth *egress.Health
}

// New reads the files that the options name.
func New(o Options) (*Client, error) {
	if o.Observe == nil {
		o.Observe = func(string, int, time.Duration) {}
	}
	o.Envelope = cmp.Or(o.Envelope, defaultEnvelope)
	capability, err := lru.New[string, time.Time](4096)
	if err != nil {
		return nil, err
	}
	c := &Client{withoutAPI: capability, large: make(egress.Permits, maxLarge), othersLarge: make(egress.Permits, maxLargeOfHost), othersHealth: egress.NewHealth()}
	loaded, err := load(o)
	if err != nil {
		return nil, err
	}
	c.generation.Store(loaded)
	loaded.logWarnings()
	return c, nil
}

// Name is what the files are called in logs and readiness.
func (c *Client) Name() string { return "registries" }

// Reload reads CA files and docker configs again and puts new ones in force.
// On an error the old ones stay. New settings mean new connections and no tokens.
func (c *Client) Reload() (changed bool, err error) {
	inForce := c.generation.Load()
	loaded, err := load(inForce.options)
	if err != nil {
		return false, err
	}
	if loaded.sum == inForce.sum {
		return false, nil
	}
	c.putInForce(loaded)
	return true, nil
}

// Prepare reads the files that changed options name, and returns what puts them in force.
// Until then, and on an error, nothing changes. Questions under way end by the old options. It
// is called from one goroutine at a time, which is that of Reload.
func (c *Client) Prepare(change func(*Options)) (apply func(), err error) {
	o := c.generation.Load().options
	change(&o)
	o.Envelope = cmp.Or(o.Envelope, defaultEnvelope)
	loaded, err := load(o)
	if err != nil {
		return nil, err
	}
	return func() { c.putInForce(loaded) }, nil
}

func (c *Client) putInForce(g *generation) {
	c.generation.Swap(g).close()
	g.logWarnings()
}

// Close ends idle connections.
func (c *Client) Close() { c.generation.Load().close() }

// settings returns those of a host, and whether the configuration has an entry for it.
func (g *generation) settings(host string) (of config.Registry, configured bool) {
	i := slices.IndexFunc(g.options.Registries, func(s config.Registry) bool { return s.Host == host })
	if i < 0 {
		return config.Registry{Host: host, Referrers: config.ReferrersAuto}, false
	}
	return g.options.Registries[i], true
}

// Resolve returns the descriptor of an image's manifest, provider.ErrNotFound
// if the registry has none, or a provider.UndecidedError.
func (c *Client) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	return c.Repository(image).Resolve(ctx)
}
