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

// asking sends a registry's requests: those for content, and where they are redirected,
// apart from those for tokens. A realm may lead anywhere, and what is said there is carried
// to the registry: so it may not be led to all that a redirect may. Of each request that
// fails it notes who was asked.
type asking struct {
	host            string // the registry's
	content, tokens *egress.Transport
}

func (f *files) newAsking(r *Registries, host string) asking {
	label, health := r.label(host), r.others
	if r.named(host) {
		health = egress.NewHealth()
	}
	to := func(guard *egress.Guard) *egress.Transport {
		return egress.NewTransport(egress.Options{
			Guard:   guard,
			Bounds:  egress.Bounds{Timeout: r.RequestTimeout, BodyBytes: MaxManifestBytes, Commas: maxCommas, Large: r.large},
			RootCAs: f.pools[host],
			Health:  health, // a token service is mostly the registry's own
			Probe:   "/v2/", // where the API tells its version, with or without a login
			Observe: func(status int, took time.Duration) { r.Observe(label, status, took) },
		})
	}
	content, tokens := r.guards(host)
	return asking{host, to(content), to(tokens)}
}

// guards are for what is asked on behalf of a registry. One that the configuration does
// not name, and where it leads, must be at public addresses. One that it names has its own
// host and its token service for tokens; for content its own host, its storage, and the
// registries that have an entry too.
func (r *Registries) guards(host string) (content, tokens *egress.Guard) {
	if !r.named(host) {
		return r.Guard, r.Guard
	}
	settings := r.settings(host)
	content = r.Guard.Allowing(host).Allowing(settings.Storage...)
	for _, other := range r.Registries {
		content = content.Allowing(other.Host)
	}
	return content, r.Guard.Allowing(slices.Collect(maps.Keys(r.confidants(host)))...)
}

// named tells whether the configuration names a host as a registry or a mirror.
func (r *Registries) named(host string) bool {
	return slices.ContainsFunc(r.Registries, func(c config.Registry) bool { return c.Host == host || c.Mirror == host })
}

func (a asking) close() {
	a.content.CloseIdleConnections()
	a.tokens.CloseIdleConnections()
}

// party is whom a request is made to, in the words for the wire: only a host that the
// image or the configuration names may be told there, and a redirect or a realm may name any.
type party string

const (
	itself       party = "the registry"
	tokenService party = "the token service that the registry names"
	storage      party = "the storage that the registry redirects to"
)

// askedError is a request that got no answer.
type askedError struct {
	party party
	err   error
}

func (e *askedError) Error() string { return "asking " + string(e.party) + ": " + e.err.Error() }
func (e *askedError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (a asking) RoundTrip(request *http.Request) (*http.Response, error) {
	transport, asked := a.content, itself
	switch {
	case a.forToken(beginning(request)):
		transport, asked = a.tokens, tokenService
	case !a.own(request):
		asked = storage
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, &askedError{asked, err}
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
func (a asking) forToken(request *http.Request) bool {
	return !a.own(request) || request.Method == http.MethodPost || request.URL.Query().Has("scope") || !contentPath.MatchString(request.URL.Path)
}

// contentPath matches the paths of manifests, blobs and referrers.
var contentPath = regexp.MustCompile(`^/v2/.+/(manifests|blobs|referrers)/`)

// own tells whether a request is to the registry's own host.
func (a asking) own(request *http.Request) bool {
	return isAt(request.URL, a.host) || login.IsDockerHub(a.host) && isAt(request.URL, "registry-1.docker.io")
}
