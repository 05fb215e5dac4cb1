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
	options    Options
	generation atomic.Pointer[generation]
	// withoutAPI remembers which repositories have no referrers API, until when.
	withoutAPI *lru.Cache[string, time.Time]
	large      egress.Permits
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
	c := &Client{options: o, withoutAPI: capability, large: make(egress.Permits, maxLarge), othersHealth: egress.NewHealth()}
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	c.generation.Store(loaded)
	c.logWarnings(loaded)
	return c, nil
}

// Name is what the files are called in logs and readiness.
func (c *Client) Name() string { return "registries" }

// Reload reads CA files and docker configs again and puts new ones in force.
// On an error the old ones stay. New settings mean new connections and no tokens.
func (c *Client) Reload() (changed bool, err error) {
	loaded, err := c.load()
	if err != nil {
		return false, err
	}
	if loaded.sum == c.generation.Load().sum {
		return false, nil
	}
	c.generation.Swap(loaded).close()
	c.logWarnings(loaded)
	return true, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.generation.Load().close() }

// settings returns those of a host.
func (c *Client) settings(host string) config.Registry {
	i := slices.IndexFunc(c.options.Registries, func(s config.Registry) bool { return s.Host == host })
	if i < 0 {
		return config.Registry{Host: host, Referrers: config.ReferrersAuto}
	}
	return c.options.Registries[i]
}

// Resolve returns the descriptor of an image's manifest, provider.ErrNotFound
// if the registry has none, or a provider.UndecidedError.
func (c *Client) Resolve(ctx context.Context, image provider.Image) (ocispec.Descriptor, error) {
	return c.Repository(image).Resolve(ctx)
}
