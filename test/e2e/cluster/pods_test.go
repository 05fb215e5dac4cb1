//go:build e2e

package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/test/e2e/cluster"
)

// eventually waits until it is so, and fails with the last reason why it is not.
func eventually(t *testing.T, within time.Duration, is func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		err := is(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %v", within, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// apply makes the objects, in a namespace of the test's own where they name none, and removes that at the end.
func apply(t *testing.T, namespace, yaml string) {
	t.Helper()
	if _, err := shared.Kubectl(t.Context(), "create", "namespace", namespace); err != nil && !strings.Contains(err.Error(), "exists") {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := shared.Kubectl(context.WithoutCancel(t.Context()), "delete", "namespace", namespace, "--wait=false", "--ignore-not-found"); err != nil {
			t.Error(err)
		}
	})
	if _, err := shared.Apply(t.Context(), yaml, "-n", namespace); err != nil {
		t.Fatal(err)
	}
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := shared.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// waitReady returns the pod's address.
func waitReady(t *testing.T, namespace, pod string) (ip string) {
	t.Helper()
	kubectl(t, "wait", "-n", namespace, "pod/"+pod, "--for=condition=Ready", "--timeout=30s")
	return kubectl(t, "get", "-n", namespace, "pod", pod, "-o=jsonpath={.status.podIP}")
}

// get returns the body, or an error with the status.
func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Close = true // the next one may go elsewhere
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

const plainPod = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web, color: blue}}
spec:
  terminationGracePeriodSeconds: 1
  enableServiceLinks: false
  securityContext: {fsGroup: 2000, supplementalGroups: [3000]}
  containers:
  - name: web
    image: registry.example/workload:1
    args: ["-listen=:$(PORT)", "$(MISSING)", "$$(PORT)"]
    env:
    - {name: PORT, value: "8081"}
    - {name: OVERRIDDEN, value: pod}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: COLOR, valueFrom: {fieldRef: {fieldPath: "metadata.labels['color']"}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
    - {name: USER_NAME, valueFrom: {secretKeyRef: {name: account, key: user}}}
    - {name: PERHAPS, valueFrom: {configMapKeyRef: {name: none, key: none, optional: true}}}
    - {name: GREETING, value: "hello $(USER_NAME)"}
    envFrom: [{prefix: ALL_, secretRef: {name: account}}]
    resources: {limits: {memory: 64Mi}}
    securityContext: {runAsUser: 1234, runAsGroup: 5678, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Secret
metadata: {name: account}
stringData: {user: jane}
`

// A pod runs in its image, as the user, with the rights, the arguments and the environment that it says.
func TestPodRunsAsItSays(t *testing.T) {
	apply(t, "plain", plainPod)
	ip := waitReady(t, "plain", "web")
	body, err := get(t.Context(), "http://"+ip+":8081/self")
	if err != nil {
		t.Fatalf("%v; log: %s", err, shared.Logs("plain", "web"))
	}
	var self struct {
		Args, Env                              []string
		Host, Groups, Capabilities, NoNewPrivs string
		Writes                                 string
		UID, GID, PID                          int
	}
	if err := json.Unmarshal([]byte(body), &self); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/workload", "-listen=:8081", "$(MISSING)", "$(PORT)"}; !slices.Equal(self.Args, want) {
		t.Errorf("arguments %q, want %q", self.Args, want)
	}
	for _, want := range []string{
		"PORT=8081", "FROM_IMAGE=yes", "OVERRIDDEN=pod", "POD=web", "IP=" + ip, "COLOR=blue", "MEMORY=64", "USER_NAME=jane",
		"GREETING=hello jane", "ALL_user=jane", "KUBERNETES_SERVICE_HOST=10.96.0.1", "HOSTNAME=web",
	} {
		if !slices.Contains(self.Env, want) {
			t.Errorf("no %s in %q", want, self.Env)
		}
	}
	for _, pair := range self.Env {
		if strings.HasPrefix(pair, "PERHAPS=") || strings.HasPrefix(pair, "E2E_") {
			t.Errorf("%s in the environment", pair)
		}
	}
	if user := fmt.Sprint(self.UID, self.GID, " ", self.Groups); user != "1234 5678 2000 3000" && !cluster.OneUser() || self.PID != 1 || self.Host != "web" {
		t.Errorf("runs as %+v", self)
	}
	if self.NoNewPrivs != "1" || strings.Trim(self.Capabilities, "0") != "" || !strings.Contains(self.Writes, "read-only") {
		t.Errorf("has rights it should not have: %+v", self)
	}
}

// A file that a layer of the image takes away is not there, and those of other layers are.
func TestImageLayersAreMerged(t *testing.T) {
	apply(t, "layers", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: web, image: "registry.example/workload:1"}]}}`)
	ip := waitReady(t, "layers", "web")
	if kept, err := get(t.Context(), "http://"+ip+":8080/file?name=/etc/kept"); err != nil || kept != "kept" {
		t.Errorf("/etc/kept: %q, %v", kept, err)
	}
	if gone, err := get(t.Context(), "http://"+ip+":8080/file?name=/gone"); err == nil {
		t.Errorf("/gone is there: %q", gone)
	}
}
