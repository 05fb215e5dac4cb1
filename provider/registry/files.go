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

// files is one version of what CA files and docker configs say, with the
// connections and tokens that follow from it.
type files struct {
	sum    [sha256.Size]byte
	pools  map[string]*x509.CertPool // by host
	logins login.Configs

	mu    sync.Mutex
	sites *lru.Cache[string, *site]
}

// site is one host: a client with its own connections, credentials and tokens.
type site struct {
	client *login.Client
	asking asking
	made   time.Time
}

// load reads the files anew.
func (r *Registries) load() (*files, error) {
	contents, err := reload.Read(r.paths()...)
	if err != nil {
		return nil, err
	}
	f := &files{sum: contents.Fingerprint(), pools: map[string]*x509.CertPool{}}
	for _, c := range r.Registries {
		if c.CAFile == "" {
			continue
		}
		given, err := certfile.Parse(contents[c.CAFile])
		if err != nil {
			return nil, fmt.Errorf("caFile of registry %s: %s: %w", c.Host, c.CAFile, err)
		}
		f.pools[c.Host] = egress.Roots(given, c.CAOnly)
	}
	if f.logins, err = r.logins(contents); err != nil {
		return nil, err
	}
	f.sites, err = lru.NewWithEvict(maxSites, func(_ string, s *site) { s.asking.close() })
	return f, err
}

// paths are the files that the settings name.
func (r *Registries) paths() []string {
	paths := slices.Clone(r.DockerConfigs)
	for _, c := range r.Registries {
		if c.CAFile != "" {
			paths = append(paths, c.CAFile)
		}
	}
	return paths
}

// site returns the client of a host, made on first use.
func (f *files) site(r *Registries, host string) remote.Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.sites.Get(host); ok && time.Since(s.made) < maxSiteAge {
		return s.client
	}
	f.sites.Remove(host) // which ends the connections of the one that is too old
	s := f.newSite(r, host)
	f.sites.Add(host, s)
	return s.client
}

func (f *files) newSite(r *Registries, host string) *site {
	a := f.newAsking(r, host)
	return &site{
		made:   time.Now(),
		asking: a,
		client: login.NewClient(auth.Client{
			Client:     &http.Client{Transport: confined{a, r.confidants(host)}, CheckRedirect: egress.CheckRedirect},
			Header:     http.Header{"User-Agent": {r.UserAgent}},
			Credential: f.logins.Credential,
			ClientID:   "notation-provider",
			// The guard checks the address that is dialled, for token services too,
			// and lets private ones have what the configuration names.
			BlockedRealmPrefixes: []netip.Prefix{},
		}),
	}
}

func (f *files) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sites.Values() {
		s.asking.close()
	}
}
