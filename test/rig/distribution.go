package rig

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd" // one of the two ways to ask for credentials
	_ "github.com/distribution/distribution/v3/registry/auth/token"    // the other
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // where content is kept
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// distribution makes a distribution v3 registry that keeps its content in memory.
func (r *Registry) distribution(ctx context.Context, opts RegistryOptions, w *Env) (http.Handler, error) {
	// distribution alone logs to logrus' standard logger.
	logrus.SetLevel(logrus.PanicLevel)
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"inmemory":    configuration.Parameters{},
			"delete":      configuration.Parameters{"enabled": true},
			"maintenance": configuration.Parameters{"uploadpurging": map[any]any{"enabled": false}},
		},
	}
	config.HTTP.Secret = rand.Text()
	config.HTTP.RelativeURLs = true // the same inside and over the network
	switch opts.Auth {
	case Anonymous:
		return r.start(ctx, config, w), nil
	case Basic:
		return r.withBasic(ctx, config, w)
	case Token:
		return r.withTokens(ctx, config, opts, w)
	}
	return nil, fmt.Errorf("unknown auth %q", opts.Auth)
}

func (r *Registry) start(ctx context.Context, config *configuration.Configuration, w *Env) http.Handler {
	app := handlers.NewApp(ctx, config)
	w.onClose(app.Shutdown)
	return app
}

// withBasic lets the accounts of an htpasswd file in.
func (r *Registry) withBasic(ctx context.Context, config *configuration.Configuration, w *Env) (http.Handler, error) {
	var accounts strings.Builder
	for name, password := range r.accounts() {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) // dear ones would slow every request
		if err != nil {
			return nil, fmt.Errorf("hashing a password: %w", err)
		}
		fmt.Fprintf(&accounts, "%s:%s\n", name, hash)
	}
	path, err := r.write(w.Dir, "htpasswd", []byte(accounts.String()))
	if err != nil {
		return nil, err
	}
	config.Auth = configuration.Auth{"htpasswd": configuration.Parameters{"realm": "rig", "path": path}}
	return r.start(ctx, config, w), nil
}

// withTokens sends clients to a token service at the registry's own address.
func (r *Registry) withTokens(ctx context.Context, config *configuration.Configuration, opts RegistryOptions, w *Env) (http.Handler, error) {
	service, err := newTokenService(r.Host, r.accounts(), r.mayDo(opts.Readable))
	if err != nil {
		return nil, err
	}
	path, err := r.write(w.Dir, "token.pem", ca.EncodeCertificates(service.identity.Cert))
	if err != nil {
		return nil, err
	}
	config.Auth = configuration.Auth{"token": configuration.Parameters{
		"realm":          r.url() + tokenPath,
		"service":        r.Host,
		"issuer":         r.Host,
		"rootcertbundle": path,
	}}
	registry := r.start(ctx, config, w)
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.URL.Path == tokenPath {
			service.ServeHTTP(rw, req)
			return
		}
		registry.ServeHTTP(rw, req)
	}), nil
}

// accounts are the passwords by name.
func (r *Registry) accounts() map[string]string {
	return map[string]string{r.Username: r.Password, r.pusher.Username: r.pusher.Password}
}

func (r *Registry) url() string {
	if r.CA == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// write keeps a file that the registry reads, under a name that no other registry uses.
func (r *Registry) write(dir, name string, content []byte) (string, error) {
	path := filepath.Join(dir, "registry-"+strings.ReplaceAll(r.Host, ":", "-")+"-"+name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("writing what the registry reads: %w", err)
	}
	return path, nil
}
