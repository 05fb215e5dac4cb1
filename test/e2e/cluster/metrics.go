//go:build e2e

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	metricsPort  = "4443"
	metricsGroup = "metrics.k8s.io/v1beta1"
)

// metricsObjects let the API server ask the agent: an API, its service, and where that is.
const metricsObjects = `
apiVersion: v1
kind: Service
metadata: {name: metrics, namespace: kube-system}
spec: {ports: [{port: 443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: metrics, namespace: kube-system, labels: {kubernetes.io/service-name: metrics}}
addressType: IPv4
endpoints: [{addresses: [%s], conditions: {ready: true}}]
ports: [{port: %s}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, service: {name: metrics, namespace: kube-system}, caBundle: %s}
`

// startMetricsAPI serves what pods use of the CPU, to the API server alone.
func (c *Cluster) startMetricsAPI(ctx context.Context) error {
	if err := c.ca.issue("metrics", pkix.Name{CommonName: "metrics"}, "metrics.kube-system.svc"); err != nil {
		return err
	}
	certificate, err := tls.LoadX509KeyPair(c.ca.path("metrics.crt"), c.ca.path("metrics.key"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(c.ca.path("ca.crt"))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(authority)
	m, mux := &meter{agent: c.agent, last: map[string]sample{}}, http.NewServeMux()
	mux.HandleFunc("GET /apis/"+metricsGroup, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metricsGroup, APIResources: []metav1.APIResource{
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: []string{"list"}},
		}})
	})
	mux.HandleFunc("GET /apis/"+metricsGroup+"/pods", m.list)
	mux.HandleFunc("GET /apis/"+metricsGroup+"/namespaces/{namespace}/pods", m.list)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(bridgeIP, metricsPort))
	if err != nil {
		return err
	}
	c.onStop(func() { _ = server.Close() })
	go func() {
		if err := server.ServeTLS(listener, "", ""); err != nil && !errors.Is(err, http.ErrServerClosed) {
			c.say("serving metrics: %v", err)
		}
	}()
	_, err = c.Apply(ctx, fmt.Sprintf(metricsObjects, bridgeIP, metricsPort, base64.StdEncoding.EncodeToString(authority)))
	return err
}

func answer(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}
