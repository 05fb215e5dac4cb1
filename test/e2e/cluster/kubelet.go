//go:build e2e

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// kubeletPort is where the API server asks a node for logs.
const kubeletPort = 10250

// startKubeletAPI serves what "kubectl logs" needs, to the API server alone. Following (-f) and exec are not there:
// [Cluster.Logs] and [Cluster.Exec] read and run directly.
func (c *Cluster) startKubeletAPI(ctx context.Context) error {
	certificate, err := tls.LoadX509KeyPair(c.ca.path("server.crt"), c.ca.path("server.key"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(c.ca.path("ca.crt"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", c.serveLogs)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}}
	c.onStop(func() { _ = server.Close() })
	for _, ip := range nodeIPs() {
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(ip, strconv.Itoa(kubeletPort)))
		if err != nil {
			return err
		}
		go func() {
			if err := server.ServeTLS(listener, "", ""); err != nil && !errors.Is(err, http.ErrServerClosed) {
				c.say("serving logs: %v", err)
			}
		}()
	}
	return nil
}

// serveLogs writes the log of the container's current run, or of that before it.
func (c *Cluster) serveLogs(w http.ResponseWriter, r *http.Request) {
	p := c.agent.running(r.PathValue("namespace"), r.PathValue("pod"))
	if p == nil {
		http.Error(w, "no such pod runs", http.StatusNotFound)
		return
	}
	for _, candidate := range slices.Concat(p.mains, p.inits) {
		if candidate.spec.Name != r.PathValue("container") {
			continue
		}
		attempt := candidate.attempt()
		if r.URL.Query().Get("previous") == "true" {
			attempt--
		}
		data, err := os.ReadFile(candidate.logFile(attempt))
		if err != nil {
			http.Error(w, fmt.Sprintf("no log: %v", err), http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
		return
	}
	http.Error(w, "no such container", http.StatusNotFound)
}
