//go:build e2e

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const twoReplicas = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: web
        image: registry.example/workload:1
        args: ["-linger=500ms"] # until services know that it ends
        # Ready later than others have ended: without the budget none would answer for a moment.
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: all}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: web}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: ready}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`

// answering counts who answers at the service, by host name, in ten requests.
func answering(ctx context.Context, url string) (map[string]int, error) {
	hosts := map[string]int{}
	for range 10 {
		host, err := get(ctx, url+"/file?name=/etc/hostname")
		if err != nil {
			return nil, err
		}
		hosts[strings.TrimSpace(host)]++
	}
	return hosts, nil
}

// A service forwards to the pods that are ready and to no others, and refuses where there is none. Names resolve.
func TestServiceForwardsToReadyPods(t *testing.T) {
	apply(t, "services", twoReplicas)
	kubectl(t, "rollout", "status", "-n", "services", "deployment/web", "--timeout=30s")
	answer := func(replicas int) {
		t.Helper()
		eventually(t, 10*time.Second, func(ctx context.Context) error {
			hosts, err := answering(ctx, "http://web.services.svc")
			if err == nil && len(hosts) != replicas {
				err = fmt.Errorf("%v answer, want %d", hosts, replicas)
			}
			return err
		})
	}
	answer(2)
	nodes := strings.Fields(kubectl(t, "get", "-n", "services", "pods", "-o=jsonpath={.items[*].spec.nodeName}"))
	if len(nodes) != 2 || nodes[0] == nodes[1] {
		t.Errorf("replicas are on %q", nodes)
	}
	ips := strings.Fields(kubectl(t, "get", "-n", "services", "pods", "-o=jsonpath={.items[*].status.podIP}"))
	if _, err := get(t.Context(), "http://"+ips[0]+":8080/sicken"); err != nil {
		t.Fatal(err)
	}
	answer(1)
	for _, tc := range []struct {
		name string
		want int
	}{{"all.services.svc.cluster.local", 2}, {"ready.services.svc", 1}} {
		if addresses, err := net.DefaultResolver.LookupHost(t.Context(), tc.name); err != nil || len(addresses) != tc.want {
			t.Errorf("%s has %q, %v, want %d", tc.name, addresses, err, tc.want)
		}
	}
	fetched, err := get(t.Context(), "http://"+ips[1]+":8080/fetch?url=http://web/file%3Fname=/etc/hostname") // by the short name, from a pod
	if err != nil || !strings.HasPrefix(fetched, "web-") {
		t.Errorf("from a pod: %q, %v", fetched, err)
	}
	if _, err := get(t.Context(), "http://"+ips[1]+":8080/sicken"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func(ctx context.Context) error {
		if _, err := get(ctx, "http://web.services.svc"); err == nil || !strings.Contains(err.Error(), "refused") {
			return fmt.Errorf("want a refused connection, got %w", err)
		}
		return nil
	})
}

// Pods reach a host that the test serves, by its name.
func TestPodReachesHost(t *testing.T) {
	ip := shared.AddHost("registry.outside.example")
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", ip+":80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
	apply(t, "reaching", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "registry.example/workload:1"}]}}`)
	pod := waitReady(t, "reaching", "web")
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		got, err := get(ctx, "http://"+pod+":8080/fetch?url=http://registry.outside.example/")
		if err == nil && got != "registry.outside.example" {
			err = errors.New(got)
		}
		return err
	})
}

// Draining a node evicts one pod after the other where the budget says so, and the replacements go to the other node.
func TestDrainHonoursBudget(t *testing.T) {
	apply(t, "draining", twoReplicas)
	kubectl(t, "rollout", "status", "-n", "draining", "deployment/web", "--timeout=30s")
	kubectl(t, "cordon", "node-2")
	t.Cleanup(func() {
		if _, err := shared.Kubectl(context.WithoutCancel(t.Context()), "uncordon", "node-1", "node-2"); err != nil {
			t.Error(err)
		}
	})
	kubectl(t, "delete", "-n", "draining", "pods", "--all") // both are on node-1 now
	kubectl(t, "rollout", "status", "-n", "draining", "deployment/web", "--timeout=30s")
	kubectl(t, "wait", "-n", "draining", "pods", "-l=app=web", "--for=condition=Ready", "--timeout=30s")
	kubectl(t, "uncordon", "node-2")
	answered := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := get(context.WithoutCancel(ctx), "http://web.draining.svc/healthz"); err != nil {
				answered <- err
				return
			}
		}
		answered <- nil
	}()
	said, err := shared.Kubectl(t.Context(), "drain", "node-1", "--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector=app=web", "--timeout=60s")
	stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("while draining: %v", err)
	}
	if !strings.Contains(said, "drained") {
		t.Errorf("drain: %s", said)
	}
	kubectl(t, "rollout", "status", "-n", "draining", "deployment/web", "--timeout=30s")
	if nodes := kubectl(t, "get", "-n", "draining", "pods", "-o=jsonpath={.items[?(@.status.phase==\"Running\")].spec.nodeName}"); strings.Contains(nodes, "node-1") {
		t.Errorf("pods are on %s", nodes)
	}
}
