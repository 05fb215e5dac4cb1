package rig

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// Kind is how a registry tells who refers to an image.
type Kind string

const (
	// API registries have the referrers API with all its headers. They know no credentials.
	API Kind = "api"
	// Tag registries have no referrers API, only the tag schema, as Nexus. They are distribution v3.
	Tag Kind = "tag"
)

// Auth is what a registry asks of its clients.
type Auth string

// What a registry may ask for.
const (
	Anonymous Auth = ""      // nothing
	Basic     Auth = "basic" // a name and a password, kept in an htpasswd file
	Token     Auth = "token" // a token of its token service, which asks for a name and a password
)

// RegistryOptions say what kind of registry to start. The zero value starts one with the referrers API, over TLS, open
// to all.
type RegistryOptions struct {
	// Kind of registry. Default: [API].
	Kind Kind

	// Auth that it asks for; other than [Anonymous] needs Kind [Tag].
	Auth Auth

	// Readable lists the repositories that the account may pull from; with [Token] only. Default: all.
	Readable []string

	// Challenges come before the registry's own in its 401 answers; {url} in them stands for its URL. Default: none.
	Challenges []string

	// CA that vouches for the registry. Default: the environment's RegistryCA.
	CA *ca.CA

	// PlainHTTP serves without TLS.
	PlainHTTP bool

	// Name is the host that images have, in a place where it resolves to the address of Listen. Default: the address itself.
	Name string

	// Listen is where the registry listens, "ADDRESS:PORT". Default: an ephemeral port of loopback.
	Listen string
}

// Registry is a real registry, on loopback unless [RegistryOptions] say otherwise. Its [FaultInjector] makes it fail and remembers what it was asked.
type Registry struct {
	*FaultInjector

	// Host is "127.0.0.1:PORT", or the name that it was given.
	Host string

	Kind Kind

	// CA is the root to trust for it, nil where it serves plain HTTP.
	CA *ca.CA

	// Username and Password are of an account that may pull; empty where the registry asks for none.
	Username, Password string

	pusher  auth.Credential // may do anything
	content http.Handler    // the registry itself, behind the fault injector
	unlist  func(digest string)
}

// Registry starts one more registry. It runs until the environment is closed.
func (w *Env) Registry(ctx context.Context, opts RegistryOptions) (*Registry, error) {
	opts.Kind = cmp.Or(opts.Kind, API)
	if opts.CA == nil {
		opts.CA = w.RegistryCA
	}
	l, err := listen(cmp.Or(opts.Listen, anyPort))
	if err != nil {
		return nil, err
	}
	r := &Registry{Host: cmp.Or(opts.Name, l.host()), Kind: opts.Kind, unlist: func(string) {}}
	cert, err := r.identify(opts)
	if err == nil {
		err = r.build(context.WithoutCancel(ctx), opts, w)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting a registry: %w", err), l.close())
	}
	r.FaultInjector = &FaultInjector{next: offering(r.content, r.url(), opts.Challenges)}
	w.onClose(func() error {
		r.LiftAll()
		return l.close()
	})
	l.serve(r.FaultInjector, cert)
	return r, nil
}

// identify makes the registry's own certificate, unless it serves plain HTTP.
func (r *Registry) identify(opts RegistryOptions) (*tls.Certificate, error) {
	if opts.PlainHTTP {
		return nil, nil
	}
	identity := onLoopback("registry")
	if opts.Name != "" {
		identity.DNSNames = append(identity.DNSNames, opts.Name)
	}
	id, err := opts.CA.Server(identity)
	if err != nil {
		return nil, err
	}
	r.CA = opts.CA
	cert := id.TLS()
	return &cert, nil
}

// build makes the registry behind the fault injector.
func (r *Registry) build(ctx context.Context, opts RegistryOptions, w *Env) (err error) {
	if opts.Auth != Anonymous {
		r.Username, r.Password = "robot$gatekeeper", rand.Text() // Harbor's robots have a dollar in their name
		r.pusher = auth.Credential{Username: "pusher", Password: rand.Text()}
	}
	switch {
	case opts.Kind == Tag:
		r.content, err = r.distribution(ctx, opts, w)
		return err
	case opts.Kind != API:
		return fmt.Errorf("unknown kind %q", opts.Kind)
	case opts.Auth != Anonymous:
		return fmt.Errorf("a registry of kind %q knows no credentials", opts.Kind)
	}
	r.content, r.unlist = newAPIRegistry()
	return nil
}

// CAPEM is the root to trust for the registry, as PEM; empty where it serves plain HTTP.
func (r *Registry) CAPEM() []byte {
	if r.CA == nil {
		return nil
	}
	return ca.EncodeCertificates(r.CA.Cert)
}

// Scope is a repository of this registry as a trust policy's registryScopes name it.
func (r *Registry) Scope(repository string) string {
	return r.Host + "/" + repository
}

// Remote opens a repository over the network, as any client with the pull account does. Each call has its own
// connections and tokens.
func (r *Registry) Remote(repository string) (*remote.Repository, error) {
	transport := &http.Transport{ForceAttemptHTTP2: true}
	if r.CA != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: ca.Pool(r.CA.Cert), MinVersion: tls.VersionTLS12}
	}
	return r.open(repository, transport, auth.Credential{Username: r.Username, Password: r.Password})
}

// inside opens a repository past the network, with the right to do anything.
func (r *Registry) inside(repository string) (*remote.Repository, error) {
	return r.open(repository, loopback{r.content}, r.pusher)
}

func (r *Registry) open(repository string, transport http.RoundTripper, credential auth.Credential) (*remote.Repository, error) {
	opened, err := remote.NewRepository(r.Scope(repository))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", r.Scope(repository), err)
	}
	opened.PlainHTTP = r.CA == nil
	opened.SkipReferrersGC = true
	opened.Client = &auth.Client{
		Client:     &http.Client{Transport: transport},
		Cache:      auth.NewCache(),
		Credential: auth.StaticCredential(r.Host, credential),
	}
	return opened, nil
}
