package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// anonymous has no credential for anyone.
func anonymous(context.Context, string) (auth.Credential, error) { return auth.EmptyCredential, nil }

// errBadAuth stands for an error that repeats the credential it is about.
var errBadAuth = errors.New("the auth field in the docker config is not base64 of username:password")

// credentials looks them up by exact host in the docker configs, in their order.
// One that cannot be read (a helper that fails) is no reason to go on without.
func (r *Registries) credentials() (auth.CredentialFunc, error) {
	var stores []credentials.Store
	for _, path := range r.DockerConfigs {
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
