//go:build e2e

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"
)

// serveAPIServer serves the API server alone, at each of the addresses, until the cluster stops. The certificate is
// one that the cluster's authority issued under that name.
func (c *Cluster) serveAPIServer(ctx context.Context, certificate string, handler http.Handler, addresses ...string) error {
	pair, err := tls.LoadX509KeyPair(c.ca.path(certificate+".crt"), c.ca.path(certificate+".key"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AddCert(c.ca.certificate)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}}
	c.onStop(func() { _ = server.Close() })
	for _, address := range addresses {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		go func() {
			if err := server.ServeTLS(listener, "", ""); err != nil && !errors.Is(err, http.ErrServerClosed) {
				c.say("serving the API server at %s: %v", address, err)
			}
		}()
	}
	return nil
}
