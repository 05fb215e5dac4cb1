//go:build e2e

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const volumePod = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a.txt: "one", b.txt: "two"}
---
apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {note: "said"}}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {fsGroup: 2000, runAsUser: 1234}
  initContainers:
  - {name: first, image: "registry.example/workload:1", args: ["-touch=/shared/file"], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - name: web
    image: registry.example/workload:1
    securityContext: {readOnlyRootFilesystem: true}
    volumeMounts:
    - {name: settings, mountPath: /settings}
    - {name: settings, mountPath: /single, subPath: a.txt}
    - {name: shared, mountPath: /shared}
    - {name: mixed, mountPath: /mixed}
  volumes:
  - {name: settings, configMap: {name: settings}}
  - {name: shared, emptyDir: {}}
  - name: mixed
    projected:
      sources:
      - {configMap: {name: settings, items: [{key: a.txt, path: deep/er.txt}]}}
      - {downwardAPI: {items: [{path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
      - {secret: {name: none, optional: true}}
      - {serviceAccountToken: {path: token, audience: somebody, expirationSeconds: 600}}
`

// Content arrives and changes as kubelets bring it: through a symbolic link that is swapped.
func TestVolumeIsSwapped(t *testing.T) {
	apply(t, "volumes", volumePod)
	ip := waitReady(t, "volumes", "web")
	for _, tc := range []struct{ name, want string }{
		{"/settings/a.txt", "one"}, {"/settings/..data/b.txt", "two"}, {"/single", "one"}, {"/shared/file", "touched\n"}, {"/mixed/deep/er.txt", "one"}, {"/mixed/note", "said"},
	} {
		if got, err := get(t.Context(), "http://"+ip+":8080/file?name="+tc.name); err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
	if token, err := get(t.Context(), "http://"+ip+":8080/file?name=/mixed/token"); err != nil || strings.Count(token, ".") != 2 {
		t.Errorf("token %q, %v", token, err)
	}
	kubectl(t, "patch", "-n", "volumes", "configmap", "settings", "--type=json", `-p=[{"op":"replace","path":"/data/a.txt","value":"new"},{"op":"remove","path":"/data/b.txt"}]`)
	eventually(t, 5*time.Second, func(ctx context.Context) error {
		if got, err := get(ctx, "http://"+ip+":8080/file?name=/settings/a.txt"); err != nil || got != "new" {
			return fmt.Errorf("%q, %w", got, err)
		}
		if _, err := get(ctx, "http://"+ip+":8080/file?name=/settings/b.txt"); err == nil {
			return errors.New("b.txt is still there")
		}
		return nil
	})
	if got, err := get(t.Context(), "http://"+ip+":8080/file?name=/single"); err != nil || got != "one" {
		t.Errorf("a sub path does not change, as with kubelets: %q, %v", got, err)
	}
}

const waitingPod = `
apiVersion: v1
kind: Secret
metadata: {name: late}
stringData: {other: x}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "registry.example/workload:1", volumeMounts: [{name: late, mountPath: /late}]}
  volumes:
  - {name: late, secret: {secretName: late, items: [{key: tls.crt, path: tls.crt}]}}
`

// A pod waits for a key of a Secret, says so, and starts when it is there.
func TestMissingSecretKeyMakesPodWait(t *testing.T) {
	apply(t, "waiting", waitingPod)
	eventually(t, 10*time.Second, func(ctx context.Context) error {
		state, err := shared.Kubectl(ctx, "get", "-n", "waiting", "pod", "web", "-o=jsonpath={.status.phase} {.status.containerStatuses[0].state.waiting}")
		if err == nil && (!strings.Contains(state, "Pending") || !strings.Contains(state, "ContainerCreating") || !strings.Contains(state, `has no key \"tls.crt\"`)) {
			err = errors.New(state)
		}
		return err
	})
	kubectl(t, "patch", "-n", "waiting", "secret", "late", `-p={"stringData":{"tls.crt":"here"}}`)
	ip := waitReady(t, "waiting", "web")
	if got, err := get(t.Context(), "http://"+ip+":8080/file?name=/late/tls.crt"); err != nil || got != "here" {
		t.Errorf("%q, %v", got, err)
	}
}

// A pod whose image is not there says so.
func TestMissingImageIsSaid(t *testing.T) {
	apply(t, "pulling", `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: "registry.example/none:1"}]}}`)
	eventually(t, 10*time.Second, func(ctx context.Context) error {
		reason, err := shared.Kubectl(ctx, "get", "-n", "pulling", "pod", "web", "-o=jsonpath={.status.containerStatuses[0].state.waiting.reason}")
		if err == nil && reason != "ErrImagePull" {
			err = errors.New(reason)
		}
		return err
	})
}
