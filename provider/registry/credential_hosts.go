package registry

import (
	"errors"
	"net/url"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/registry/login"
)

// errOtherHost is a credential that was about to go to a host that it is not for; errCleartext one that was about to go to
// its host without TLS.
var (
	errOtherHost = errors.New("a credential would go to another host than the registry or its configured token service")
	errCleartext = errors.New("a credential would go over the network in clear text")
)

// credentialHosts are the hosts that may be given a registry's credential, and whether without TLS: that is where the
// configuration says so of the host. A registry may name another host (by a redirect, or as the realm of its token
// service): its credential stays where the configuration says.
type credentialHosts map[string]bool

// credentialHostsOf are the hosts of the registry with those settings.
func (g *generation) credentialHostsOf(own config.Registry) credentialHosts {
	hosts := credentialHosts{own.Host: own.PlainHTTPUnsafe}
	if login.IsDockerHub(own.Host) {
		hosts["registry-1.docker.io"], hosts["auth.docker.io"] = false, false
	}
	if own.TokenService != "" {
		service, _ := g.settings(own.TokenService)
		hosts[own.TokenService] = service.PlainHTTPUnsafe
	}
	return hosts
}

// allow says why a credential must not go to a URL.
func (hosts credentialHosts) allow(to *url.URL) error {
	err := errOtherHost
	for host, cleartext := range hosts {
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
