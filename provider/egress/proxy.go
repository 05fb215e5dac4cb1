package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// errProxy is a proxy's refusal to connect.
var errProxy = errors.New("the proxy does not connect")

func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: it answered %d", errProxy, response.StatusCode)
	}
	return nil
}

// proxyKey is for the address of the proxy that the environment names for a request, in the request's context.
type proxyKey struct{}

// addressOf is the "host:port" that net/http dials for a URL.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
