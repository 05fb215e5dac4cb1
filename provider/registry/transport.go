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

// hostTransport sends a registry's requests: those for content, and what they are redirected
// to, apart from those for tokens. A registry may name any host as its token service, and the
// answer from there is sent to the registry: so fewer hosts are allowed than for redirects. A
// credential goes to no other host than those of credentialHosts. A failed request's error names its peer.
type hostTransport struct {
	host            string // the registry's
	credentialHosts credentialHosts
	content, tokens *egress.Transport
}

// newTransport makes the transport of a registry. At a private address a registry that the configuration names may lead to
// its own host and token service for tokens, and for content to its own host, its storage, and the registries that have an
// entry. One that the configuration does not name must not lead to private addresses.
func (g *generation) newTransport(c *Client, host string) hostTransport {
	label, health, idle, large := "other", c.othersHealth, maxIdleOther, c.othersLarge // users name hosts, so all that are not configured share one label
	settings, configured := g.settings(host)
	if configured {
		label = host
	}
	hosts, content, tokens := g.credentialHostsOf(settings), g.options.Guard, g.options.Guard
	if configured || slices.ContainsFunc(g.options.Registries, func(s config.Registry) bool { return s.Mirror == host }) {
		health, idle, large = egress.NewHealth(), 0, make(egress.Permits, maxLargeOfHost)
		content, tokens = content.Allowing(host).Allowing(settings.Storage...), tokens.Allowing(slices.Collect(maps.Keys(hosts))...)
		for _, other := range g.options.Registries {
			content = content.Allowing(other.Host)
		}
	}
	to := func(guard *egress.Guard) *egress.Transport {
		return egress.NewTransport(egress.Options{
			Guard:   guard,
			Bounds:  egress.Bounds{Timeout: g.options.RequestTimeout, BodyBytes: MaxManifestBytes, Commas: maxCommas, Large: []egress.Permits{large, c.large}},
			RootCAs: g.pools[host],
			Health:  health, // a token service is mostly the registry's own host
			Idle:    idle,
			Probe:   "/v2/", // where the API tells its version, with or without a login
			Observe: func(status int, took time.Duration) { g.options.Observe(label, status, took) },
		})
	}
	return hostTransport{host, hosts, to(content), to(tokens)}
}

func (t hostTransport) close() {
	t.content.CloseIdleConnections()
	t.tokens.CloseIdleConnections()
}

// peer is who a request was sent to, in words for the user: the host itself must not be told,
// since a redirect or a realm may name any.
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

// RoundTrip implements http.RoundTripper. A token service is given the credential in a header, or in the body of a form.
func (t hostTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if hasBody := request.Body != nil && request.Body != http.NoBody; hasBody || request.Header.Get("Authorization") != "" {
		if err := t.credentialHosts.allow(request.URL); err != nil {
			if hasBody {
				_ = request.Body.Close()
			}
			return nil, err
		}
	}
	first := request // before any redirects
	for first.Response != nil {
		first = first.Response.Request
	}
	// Of the requests to the registry itself, only those for tokens have a scope ("Token Authentication Specification").
	forContent := t.own(first) && first.Method != http.MethodPost && !first.URL.Query().Has("scope") && contentPath.MatchString(first.URL.Path)
	transport, asked := t.content, peerRegistry
	switch {
	case !forContent:
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

// contentPath matches the paths of manifests, blobs and referrers (distribution specification, "Endpoints").
var contentPath = regexp.MustCompile(`^/v2/.+/(manifests|blobs|referrers)/`)

// own tells whether a request is to the registry's own host.
func (t hostTransport) own(request *http.Request) bool {
	return isAt(request.URL, t.host) || login.IsDockerHub(t.host) && isAt(request.URL, "registry-1.docker.io")
}
