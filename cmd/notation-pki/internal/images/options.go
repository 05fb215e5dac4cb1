package images

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"
	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// ErrReference says that an image's name cannot be read.
var ErrReference = errors.New("no image")

// Options say how to reach a registry. The zero value takes what the docker command uses, over TLS.
type Options struct {
	// DockerConfig is a file in the form of ~/.docker/config.json. Default: that one, or the one in $DOCKER_CONFIG.
	DockerConfig string

	// CAFile holds CAs of registries, in PEM, in addition to the system's CAs.
	CAFile string

	// PlainHTTPUnsafe uses no TLS: a man in the middle can answer in the registry's place.
	PlainHTTPUnsafe bool

	// Referrers is how signatures are listed beside an image. Default: [Auto].
	Referrers Referrers

	// Timeout bounds each request, from dialling to the last byte, with its retries. Default: [DefaultTimeout].
	Timeout time.Duration
}

// DefaultTimeout is how long a request may take.
const DefaultTimeout = 30 * time.Second

// Referrers is how signatures are listed beside an image. It is a flag's value.
type Referrers string

// The ways to list signatures.
const (
	Auto Referrers = "auto" // as the registry answers
	API  Referrers = "api"  // by the referrers API
	Tag  Referrers = "tag"  // by an index under a tag that is made of the image's digest
)

// Set implements pflag.Value.
func (r *Referrers) Set(text string) error {
	if !slices.Contains([]Referrers{Auto, API, Tag}, Referrers(text)) {
		return errors.New("none of auto, api and tag")
	}
	*r = Referrers(text)
	return nil
}

// String implements pflag.Value.
func (r *Referrers) String() string { return string(*r) }

// Type implements pflag.Value.
func (r *Referrers) Type() string { return "auto|api|tag" }

// AddFlags adds the flags that say how to reach a registry.
func AddFlags(flags *pflag.FlagSet) *Options {
	o := &Options{Referrers: Auto}
	flags.StringVar(&o.DockerConfig, "docker-config", "", "`FILE` with the registry's account, as docker login writes it (default ~/.docker/config.json, or config.json in $DOCKER_CONFIG); $NOTATION_USERNAME and $NOTATION_PASSWORD come before it")
	flags.StringVar(&o.CAFile, "registry-ca", "", "`FILE` with the CA of the registry, in PEM, in addition to the system's CAs")
	flags.BoolVar(&o.PlainHTTPUnsafe, "plain-http-unsafe", false, "reach the registry without TLS; a man in the middle can change its answers")
	flags.Var(&o.Referrers, "referrers", "how signatures are listed beside an image")
	flags.DurationVar(&o.Timeout, "timeout", DefaultTimeout, "how long one request may take, including retries")
	return o
}

// Open opens the repository of an image whose name is read as the kubelet reads it. It fails with [ErrReference] where the
// name cannot be read.
func (o *Options) Open(reference string) (*Image, error) {
	name, err := provider.ParseImage(reference)
	if err != nil {
		return nil, fmt.Errorf("%w %.200q: %w", ErrReference, reference, err)
	}
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	credential, err := o.credential(name.Host)
	if err != nil {
		return nil, err
	}
	return &Image{
		Name:    name,
		options: *o,
		client: login.NewClient(auth.Client{
			Client:     newRegistryClient(o.Timeout, roots),
			Credential: credential,
			ClientID:   userAgent,
		}),
	}, nil
}
