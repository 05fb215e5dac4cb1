package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// OnlyBlob is onlyBlob.
var OnlyBlob = onlyBlob

// Credential is what the docker configs hold for a host.
func (c *Client) Credential(ctx context.Context, host string) (auth.Credential, error) {
	return c.generation.Load().logins.Credential(ctx, host)
}

// MayConfide tells whether the credential of a registry may go to a URL.
func (c *Client) MayConfide(host string, to *url.URL) bool {
	g := c.generation.Load()
	settings, _ := g.settings(host)
	return g.credentialHostsOf(settings).allow(to) == nil
}

// LapseMemory makes it time to ask again for APIs that were missing.
func (c *Client) LapseMemory() {
	for _, key := range c.withoutAPI.Keys() {
		c.withoutAPI.Add(key, time.Now())
	}
}

// ReadIndex reads an index of the tag schema and returns the signatures in it, and how many may be some.
func ReadIndex(body io.Reader, desc ocispec.Descriptor) (signatures []ocispec.Descriptor, untyped int, err error) {
	list, err := readIndex(body, desc)
	if err != nil {
		return nil, 0, err
	}
	found := &collection{seen: map[entry]bool{}}
	if err := found.add(list); err != nil && !errors.Is(err, errEnough) {
		return nil, 0, err
	}
	return found.signatures, len(found.untyped), nil
}

// KindOf is kindOf of an answer with that Content-Type.
func KindOf(contentType string, body []byte) (string, error) {
	return kindOf(http.Header{"Content-Type": {contentType}}, body)
}

// RoundTrip sends a request as one of a registry's.
func (c *Client) RoundTrip(host string, request *http.Request) (*http.Response, error) {
	transport := c.generation.Load().newTransport(c, host)
	defer transport.close()
	return transport.RoundTrip(request)
}
