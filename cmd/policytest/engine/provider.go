package engine

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	constraints "github.com/open-policy-agent/frameworks/constraint/pkg/client"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// Provider is an external data provider, as the resource of that name in a cluster.
type Provider struct {
	Name     string
	URL      string // https://host:port/path
	CABundle []byte // PEM: who vouches for its serving certificate
	Timeout  int    // whole seconds; DefaultTimeout where it is 0
}

// DefaultTimeout of a provider, in seconds.
const DefaultTimeout = 5

// Identity is the client certificate that providers are shown.
type Identity struct{ watcher *certwatcher.CertWatcher }

// LoadIdentity reads a certificate with its chain, and its key. They are read once.
func LoadIdentity(certFile, keyFile string) (*Identity, error) {
	// certwatcher would wait for the writer of a pipe, and read a device for ever.
	for _, file := range []string{certFile, keyFile} {
		if _, err := regularfile.Read(file, regularfile.MaxText); err != nil {
			return nil, fmt.Errorf("loading the client certificate: %w", err)
		}
	}
	watcher, err := certwatcher.New(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("loading the client certificate: %w", err)
	}
	// A watch that is not started holds one of the few inotify instances that a user
	// may have; started and ended, it gives it back. The files are read already.
	over, end := context.WithCancel(context.Background())
	end()
	if err := watcher.Start(over); err != nil {
		return nil, fmt.Errorf("loading the client certificate: %w", err)
	}
	return &Identity{watcher}, nil
}

// resources are the providers as Gatekeeper's driver looks them up.
func resources(providers []Provider) (*externaldata.ProviderCache, error) {
	cache := externaldata.NewCache()
	for _, p := range providers {
		resource := &unversioned.Provider{}
		resource.Name = p.Name
		resource.Spec.URL = p.URL
		resource.Spec.CABundle = base64.StdEncoding.EncodeToString(p.CABundle)
		resource.Spec.Timeout = p.Timeout
		if p.Timeout == 0 {
			resource.Spec.Timeout = DefaultTimeout
		}
		if err := cache.Upsert(resource); err != nil {
			return nil, fmt.Errorf("provider %q: %w", p.Name, err)
		}
	}
	return cache, nil
}

// externalData gives the driver its providers, as Gatekeeper's main does.
func externalData(cache *externaldata.ProviderCache, identity *Identity) gator.Opt {
	args := []rego.Arg{rego.AddExternalDataProviderCache(cache)}
	if identity != nil {
		args = append(args, rego.EnableExternalDataClientAuth(), rego.AddExternalDataClientCertWatcher(identity.watcher))
	}
	return func() ([]constraints.Opt, []rego.Arg, error) { return nil, args, nil }
}
