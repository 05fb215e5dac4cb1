package registry

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/provider/certfile"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// generation is one version of the options, CA files and docker configs, with the connections
// and tokens that were made by it.
type generation struct {
	options Options
	sum     [sha256.Size]byte
	pools   map[string]*x509.CertPool // by host
	logins  login.Configs

	mu    sync.Mutex
	hosts *lru.Cache[string, *hostClient]
}

// hostClient is the client of one host, with its own connections, credentials and tokens.
type hostClient struct {
	client    *login.Client
	transport hostTransport
	made      time.Time
}

// load reads the files.
func load(o Options) (*generation, error) {
	contents, err := reload.Read(o.paths()...)
	if err != nil {
		return nil, err
	}
	g := &generation{options: o, sum: contents.Fingerprint(), pools: map[string]*x509.CertPool{}}
	for _, s := range o.Registries {
		if s.CAFile == "" {
			continue
		}
		given, err := certfile.Parse(contents[s.CAFile])
		if err != nil {
			return nil, fmt.Errorf("caFile of registry %s: %s: %w", s.Host, s.CAFile, err)
		}
		g.pools[s.Host] = egress.Roots(given, s.CAOnly)
	}
	if g.logins, err = o.logins(contents); err != nil {
		return nil, err
	}
	g.hosts, err = lru.NewWithEvict(maxHosts, func(_ string, h *hostClient) { h.transport.close() })
	return g, err
}

// paths are the files that the settings name.
func (o Options) paths() []string {
	paths := slices.Clone(o.DockerConfigs)
	for _, s := range o.Registries {
		if s.CAFile != "" {
			paths = append(paths, s.CAFile)
		}
	}
	return paths
}

// clientOf returns the client of a host, made on first use.
func (g *generation) clientOf(c *Client, host string) remote.Client {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h, ok := g.hosts.Get(host); ok && time.Since(h.made) < maxHostAge {
		return h.client
	}
	g.hosts.Remove(host) // which ends the connections of the one that is too old
	transport := g.newTransport(c, host)
	client := login.NewClient(auth.Client{
		Client:     &http.Client{Transport: transport, CheckRedirect: egress.CheckRedirect},
		Header:     http.Header{"User-Agent": {g.options.UserAgent}},
		Credential: g.logins.Credential,
		ClientID:   "notation-provider",
		// The guard checks the address that is dialled, for token services too.
		BlockedRealmPrefixes: []netip.Prefix{},
	})
	g.hosts.Add(host, &hostClient{client, transport, time.Now()})
	return client
}

func (g *generation) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, h := range g.hosts.Values() {
		h.transport.close()
	}
}
