package registry

import (
	"errors"
	"net/http"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// errConfided is a credential that was about to go to a host that it is not for.
var errConfided = errors.New("a credential would go to another host than the registry or its configured token service")

// confined sends credentials to the hosts they are for and to no other. Whatever a
// registry says (a redirect, the realm of its token service), what belongs to it goes
// where the configuration says.
type confined struct {
	http.RoundTripper
	hosts map[string]bool
}

// confidants are the hosts that may be given a registry's credential.
func confidants(settings config.Registry) map[string]bool {
	hosts := map[string]bool{settings.Host: true}
	if settings.Host == "docker.io" {
		hosts["registry-1.docker.io"], hosts["auth.docker.io"] = true, true
	}
	if settings.TokenService != "" {
		hosts[settings.TokenService] = true
	}
	return hosts
}

// RoundTrip implements http.RoundTripper. A token service is given the credential in a
// header, or in the body of a form.
func (c confined) RoundTrip(request *http.Request) (*http.Response, error) {
	confides := request.Header.Get("Authorization") != "" || (request.Body != nil && request.Body != http.NoBody)
	if confides && !c.hosts[strings.TrimSuffix(strings.ToLower(request.URL.Host), ":443")] {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, errConfided
	}
	return c.RoundTripper.RoundTrip(request)
}
