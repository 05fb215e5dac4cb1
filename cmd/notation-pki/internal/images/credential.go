package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// credential looks accounts up where the notation command does: in the environment for the image's registry, else in the
// docker config and the credential helpers that it names.
func (o *Options) credential(host string) (auth.CredentialFunc, error) {
	if given := fromEnvironment(); given != auth.EmptyCredential {
		return auth.StaticCredential(host, given), nil
	}
	store, err := o.store()
	if err != nil {
		return nil, err
	}
	lookUp := credentials.Credential(store)
	return func(ctx context.Context, host string) (auth.Credential, error) {
		found, err := lookUp(ctx, host)
		if err != nil {
			return auth.EmptyCredential, fmt.Errorf("looking up the account for %s: %w", host, withoutSecret(err))
		}
		return found, nil
	}, nil
}

// fromEnvironment reads the notation command's variables. A password alone is an identity token.
func fromEnvironment() auth.Credential {
	name, password := os.Getenv("NOTATION_USERNAME"), os.Getenv("NOTATION_PASSWORD")
	switch {
	case password == "":
		return auth.EmptyCredential
	case name == "":
		return auth.Credential{RefreshToken: password}
	}
	return auth.Credential{Username: name, Password: password}
}

// store opens the docker config. One that is named must be there; the default one need not.
func (o *Options) store() (credentials.Store, error) {
	if o.DockerConfig == "" {
		store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
		if err != nil {
			return nil, fmt.Errorf("reading the docker config: %w; name another by --docker-config", withoutSecret(err))
		}
		return store, nil
	}
	if _, err := os.Stat(o.DockerConfig); err != nil {
		return nil, fmt.Errorf("--docker-config: %w", err)
	}
	store, err := credentials.NewStore(o.DockerConfig, credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("--docker-config: %s: %w", o.DockerConfig, withoutSecret(err))
	}
	return store, nil
}

// withoutSecret replaces the one error of the library that repeats what it could not read.
func withoutSecret(err error) error {
	if strings.Contains(err.Error(), "auth field") {
		return errors.New("its auth field is not base64 of username:password; docker login writes a new one")
	}
	return err
}
