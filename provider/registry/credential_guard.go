package registry

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// errOtherHost is a credential that was about to go to a host that it is not for; errCleartext one that was about to go to
// its host without TLS.
var (
	errOtherHost = errors.New("a credential would go to another host than the registry or its configured token service")
	errCleartext = errors.New("a credential would go over the network in clear text")
)

// credentialGuard sends credentials to the hosts they are for and to no other, and without TLS
// only where the configuration says so of the host. A registry may name another host (by a
// redirect, or as the realm of its token service): its credential stays where the
// configuration says.
type credentialGuard struct {
	http.RoundTripper
	hosts map[string]bool // whether they may be given the credential without TLS
}

// credentialHosts are the hosts that may be given a registry's credential.
func (g *generation) credentialHosts(host string) map[string]bool {
	own := g.settings(host)
	hosts := map[string]bool{host: own.PlainHTTPUnsafe}
	if login.IsDockerHub(host) {
		hosts["registry-1.docker.io"], hosts["auth.docker.io"] = false, false
	}
	if own.TokenService != "" {
		hosts[own.TokenService] = g.settings(own.TokenService).PlainHTTPUnsafe
	}
	return hosts
}

// RoundTrip implements http.RoundTripper. A token service is given the credential in a
// header, or in the body of a form.
func (g credentialGuard) RoundTrip(request *http.Request) (*http.Response, error) {
	hasCredential := request.Header.Get("Authorization") != "" || (request.Body != nil && request.Body != http.NoBody)
	if hasCredential {
		if err := g.allow(request.URL); err != nil {
			if request.Body != nil {
				_ = request.Body.Close()
			}
			return nil, err
		}
	}
	return g.RoundTripper.RoundTrip(request)
}

// allow says why a credential must not go to a URL.
func (g credentialGuard) allow(to *url.URL) error {
	err := errOtherHost
	for host, cleartext := range g.hosts {
		switch {
		case !isAt(to, host):
		case to.Scheme == "https", cleartext:
			return nil
		default:
			err = errCleartext
		}
	}
	return err
}

// isAt tells whether a URL is at a host[:port]. Without a port that is the port of the URL's scheme.
func isAt(u *url.URL, host string) bool {
	standard := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.TrimSuffix(strings.ToLower(u.Host), standard) == strings.TrimSuffix(host, standard)
}
