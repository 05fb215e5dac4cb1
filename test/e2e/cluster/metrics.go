//go:build e2e

package cluster

import (
	"context"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

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
	m, mux := &meter{agent: c.agent, last: map[string]sample{}}, http.NewServeMux()
	mux.HandleFunc("GET /apis/"+metricsGroup, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metricsGroup, APIResources: []metav1.APIResource{
			{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: []string{"list"}},
		}})
	})
	mux.HandleFunc("GET /apis/"+metricsGroup+"/pods", m.list)
	mux.HandleFunc("GET /apis/"+metricsGroup+"/namespaces/{namespace}/pods", m.list)
	if err := c.serveAPIServer(ctx, "metrics", mux, net.JoinHostPort(bridgeIP, metricsPort)); err != nil {
		return err
	}
	authority, err := os.ReadFile(c.ca.path("ca.crt"))
	if err != nil {
		return err
	}
	_, err = c.Apply(ctx, fmt.Sprintf(metricsObjects, bridgeIP, metricsPort, base64.StdEncoding.EncodeToString(authority)))
	return err
}

func answer(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}
