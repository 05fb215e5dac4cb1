package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/reload"
)

// anonymous has no credential for anyone.
func anonymous(context.Context, string) (auth.Credential, error) { return auth.EmptyCredential, nil }

// errBadAuth stands for an error that repeats the credential it is about.
var errBadAuth = errors.New("the auth field in the docker config is not base64 of username:password")

// credentials looks them up by exact host in the docker configs, in their order.
// One that cannot be read (a helper that fails) is no reason to go on without.
func (r *Registries) credentials(contents reload.Contents) (auth.CredentialFunc, error) {
	var stores []credentials.Store
	for _, path := range r.DockerConfigs {
		if err := checkHosts(contents[path]); err != nil {
			return nil, fmt.Errorf("docker config %s: %w", path, err)
		}
		store, err := credentials.NewStore(path, credentials.StoreOptions{})
		if err != nil {
			return nil, fmt.Errorf("docker config %s: %w", path, err)
		}
		stores = append(stores, store)
	}
	if len(stores) == 0 {
		return anonymous, nil
	}
	lookup := credentials.Credential(credentials.NewStoreWithFallbacks(stores[0], stores[1:]...))
	return func(ctx context.Context, host string) (auth.Credential, error) {
		credential, err := lookup(ctx, host)
		if err != nil {
			if strings.Contains(err.Error(), "auth field") {
				err = errBadAuth
			}
			return auth.EmptyCredential, provider.Undecided(provider.StageCredentials, err, "the credentials for the registry could not be read")
		}
		return credential, nil
	}, nil
}

// checkHosts refuses two entries for one host, as Kubernetes writes them for a path
// each ("host/a", "host/b"): which of them is sent would be a matter of chance.
func checkHosts(text []byte) error {
	var config struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal(text, &config) != nil {
		return nil // whoever reads it next says so
	}
	seen := map[string]bool{}
	for key := range config.Auths {
		bare := strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
		host, _, _ := strings.Cut(bare, "/")
		if seen[host] {
			return fmt.Errorf("two entries under auths are for %s; credentials are looked up by host, so keep one that holds for all of it", host)
		}
		seen[host] = true
	}
	return nil
}
