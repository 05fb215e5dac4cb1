package images

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// credential looks accounts up where the notation command does. That is in the environment for the image's registry,
// else in the docker config and the credential helpers that it names.
func (o *Options) credential(host string) (auth.CredentialFunc, error) {
	if given := fromEnvironment(); given != auth.EmptyCredential {
		return auth.StaticCredential(host, given), nil
	}
	config, err := o.dockerConfig()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, host string) (auth.Credential, error) {
		found, err := config.Credential(ctx, host)
		if err != nil {
			return auth.EmptyCredential, fmt.Errorf("looking up the account for %s: %w", host, err)
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

// dockerConfig reads the docker config. One that is named must be there; the default one need not.
func (o *Options) dockerConfig() (login.Configs, error) {
	path, doing := o.DockerConfig, "--docker-config: "
	if path == "" {
		path, doing = defaultDockerConfig(), "reading the default of --docker-config: "
	}
	text, err := regularfile.Read(path, maxDockerConfig)
	if o.DockerConfig == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s%w", doing, err)
	}
	config, err := login.Parse(path, text)
	if err != nil {
		return nil, fmt.Errorf("%s%w", doing, err)
	}
	return login.Configs{config}, nil
}

// defaultDockerConfig is where the docker command keeps it, or "" where there is no such place.
func defaultDockerConfig() string {
	if folder := os.Getenv("DOCKER_CONFIG"); folder != "" {
		return filepath.Join(folder, "config.json")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".docker", "config.json")
	}
	return ""
}
