package rig

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// GatekeeperClient asks a provider with Gatekeeper's own client.
type GatekeeperClient struct {
	// URL is the provider's, without a path: "https://127.0.0.1:PORT".
	URL string

	// CABundle holds the CAs of the provider's serving certificate, as PEM.
	CABundle []byte

	// Client is the client certificate.
	Client *ca.Identity

	// Timeout of one request in whole seconds, as a Provider has it. Zero is an immediate deadline, as there.
	Timeout int
}

// Answer is a provider's answer.
type Answer struct {
	Status      int // of HTTP
	SystemError string
	Idempotent  bool
	Items       map[string]externaldata.Item // by key
	Keys        []string                     // of the items, in the order they came
	Took        time.Duration
}

// GatekeeperClient makes a client with Gatekeeper's certificate that trusts the environment's server certificate. Its timeout
// is three seconds.
func (w *Env) GatekeeperClient(url string) *GatekeeperClient {
	return &GatekeeperClient{URL: url, CABundle: ca.EncodeCertificates(w.ServerCA.Cert), Client: w.ClientCert, Timeout: 3}
}

// Validate asks for the verdicts on the keys, as Gatekeeper does at admission and audit.
func (a *GatekeeperClient) Validate(ctx context.Context, keys ...string) (*Answer, error) {
	return a.ask(ctx, "/validate", keys)
}

// Mutate asks what to replace the keys by, as Gatekeeper's mutators do.
func (a *GatekeeperClient) Mutate(ctx context.Context, keys ...string) (*Answer, error) {
	return a.ask(ctx, "/mutate", keys)
}

// ask fails where Gatekeeper's client does: no connection, no answer in time, or one that is no ProviderResponse.
func (a *GatekeeperClient) ask(ctx context.Context, path string, keys []string) (*Answer, error) {
	cert := a.Client.TLS()
	start := time.Now()
	response, status, err := externaldata.DefaultSendRequestToProvider(ctx, a.provider(path, &cert), keys, &cert)
	if err != nil {
		return nil, fmt.Errorf("asking %s%s: %w", a.URL, path, err)
	}
	answer := &Answer{
		Status:      status,
		SystemError: response.Response.SystemError,
		Idempotent:  response.Response.Idempotent,
		Items:       map[string]externaldata.Item{},
		Took:        time.Since(start),
	}
	for _, item := range response.Response.Items {
		answer.Items[item.Key] = item
		answer.Keys = append(answer.Keys, item.Key)
	}
	return answer, nil
}

// provider is the resource that a cluster would have. Gatekeeper's client keeps connections by its name, so the name
// tells who asks: a client must not use a connection that another opened.
func (a *GatekeeperClient) provider(path string, cert *tls.Certificate) *unversioned.Provider {
	p := &unversioned.Provider{}
	p.Name = a.URL + path + " " + ca.Thumbprint(cert.Leaf)
	p.Spec.URL = a.URL + path
	p.Spec.Timeout = a.Timeout
	p.Spec.CABundle = base64.StdEncoding.EncodeToString(a.CABundle)
	return p
}

// Close closes the connections that Gatekeeper's client keeps for this client.
func (a *GatekeeperClient) Close() {
	cert := a.Client.TLS()
	for _, path := range []string{"/validate", "/mutate"} {
		externaldata.DefaultClientCache().Invalidate(a.provider(path, &cert).Name)
	}
}
