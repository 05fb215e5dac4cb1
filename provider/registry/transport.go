package registry

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/egress"
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// hostTransport sends a registry's requests: those for content, and where they are redirected,
// apart from those for tokens. A realm may lead anywhere, and what is said there is carried
// to the registry: so it may not be led to all that a redirect may. Of each request that
// fails it notes who was asked.
type hostTransport struct {
	host            string // the registry's
	content, tokens *egress.Transport
}

func (g *generation) newTransport(c *Client, host string) hostTransport {
	label, health := c.label(host), c.othersHealth
	if c.named(host) {
		health = egress.NewHealth()
	}
	to := func(guard *egress.Guard) *egress.Transport {
		return egress.NewTransport(egress.Options{
			Guard:   guard,
			Bounds:  egress.Bounds{Timeout: c.RequestTimeout, BodyBytes: MaxManifestBytes, Commas: maxCommas, Large: c.large},
			RootCAs: g.pools[host],
			Health:  health, // a token service is mostly the registry's own
			Probe:   "/v2/", // where the API tells its version, with or without a login
			Observe: func(status int, took time.Duration) { c.Observe(label, status, took) },
		})
	}
	content, tokens := c.guards(host)
	return hostTransport{host, to(content), to(tokens)}
}

// guards are for what is asked on behalf of a registry. One that the configuration does
// not name, and where it leads, must be at public addresses. One that it names has its own
// host and its token service for tokens; for content its own host, its storage, and the
// registries that have an entry too.
func (c *Client) guards(host string) (content, tokens *egress.Guard) {
	if !c.named(host) {
		return c.Guard, c.Guard
	}
	settings := c.settings(host)
	content = c.Guard.Allowing(host).Allowing(settings.Storage...)
	for _, other := range c.Registries {
		content = content.Allowing(other.Host)
	}
	return content, c.Guard.Allowing(slices.Collect(maps.Keys(c.credentialHosts(host)))...)
}

// named tells whether the configuration names a host as a registry or a mirror.
func (c *Client) named(host string) bool {
	return slices.ContainsFunc(c.Registries, func(s config.Registry) bool { return s.Host == host || s.Mirror == host })
}

func (t hostTransport) close() {
	t.content.CloseIdleConnections()
	t.tokens.CloseIdleConnections()
}

// peer is whom a request is made to, in the words for the wire: only a host that the
// image or the configuration names may be told there, and a redirect or a realm may name any.
type peer string

const (
	peerRegistry     peer = "the registry"
	peerTokenService peer = "the token service that the registry names"
	peerStorage      peer = "the storage that the registry redirects to"
)

// peerError is a request that got no answer.
type peerError struct {
	peer peer
	err  error
}

func (e *peerError) Error() string { return "asking " + string(e.peer) + ": " + e.err.Error() }
func (e *peerError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (t hostTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	transport, asked := t.content, peerRegistry
	switch {
	case t.forToken(beginning(request)):
		transport, asked = t.tokens, peerTokenService
	case !t.own(request):
		asked = peerStorage
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, &peerError{asked, err}
	}
	return response, nil
}

// beginning is the request that redirects began with.
func beginning(request *http.Request) *http.Request {
	for request.Response != nil {
		request = request.Response.Request
	}
	return request
}

// forToken tells a question for a token from one for content (distribution specification,
// "Endpoints"). Only the former has a scope (its "Token Authentication Specification").
func (t hostTransport) forToken(request *http.Request) bool {
	return !t.own(request) || request.Method == http.MethodPost || request.URL.Query().Has("scope") || !contentPath.MatchString(request.URL.Path)
}

// contentPath matches the paths of manifests, blobs and referrers.
var contentPath = regexp.MustCompile(`^/v2/.+/(manifests|blobs|referrers)/`)

// own tells whether a request is to the registry's own host.
func (t hostTransport) own(request *http.Request) bool {
	return isAt(request.URL, t.host) || login.IsDockerHub(t.host) && isAt(request.URL, "registry-1.docker.io")
}
