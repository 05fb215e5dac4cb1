//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// workload is an object of each kind that brings a pod, with its image.
func workload(apiVersion, kind, image string) string {
	pod := fmt.Sprintf(`{restartPolicy: Always, containers: [{name: main, image: %q}]}`, image)
	once := strings.Replace(pod, "Always", "Never", 1)
	template := fmt.Sprintf(`{metadata: {labels: {app: ways}}, spec: %s}`, pod)
	body := map[string]string{
		"Pod":                   "spec: " + pod,
		"PodTemplate":           "template: " + template,
		"ReplicationController": "spec: {selector: {app: ways}, template: " + template + "}",
		"StatefulSet":           "spec: {serviceName: ways, selector: {matchLabels: {app: ways}}, template: " + template + "}",
		"Job":                   "spec: {template: {spec: " + once + "}}",
		"CronJob":               `spec: {schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: ` + once + `}}}}`,
	}[kind]
	if body == "" { // ReplicaSet, Deployment, DaemonSet
		body = "spec: {selector: {matchLabels: {app: ways}}, template: " + template + "}"
	}
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: ways}\n%s\n", apiVersion, kind, body)
}

// Every kind that brings a pod is judged, at its creation and when its image is changed.
func TestEveryKindIsJudged(t *testing.T) {
	w := start(t)
	w.install(t)
	signed, unsigned := registryHost+"/signed:1", registryHost+"/unsigned:1"
	for _, tc := range []struct{ kind, apiVersion string }{
		{"Pod", "v1"}, {"PodTemplate", "v1"}, {"ReplicationController", "v1"},
		{"ReplicaSet", "apps/v1"}, {"Deployment", "apps/v1"}, {"StatefulSet", "apps/v1"}, {"DaemonSet", "apps/v1"},
		{"Job", "batch/v1"}, {"CronJob", "batch/v1"},
	} {
		w.denied(t, workload(tc.apiVersion, tc.kind, unsigned), "unsigned")
		w.denied(t, workload(tc.apiVersion, tc.kind, unsigned), "unsigned") // remembered by now
		w.admitted(t, workload(tc.apiVersion, tc.kind, signed))
		t.Cleanup(func() { w.must(t, "kubectl delete "+tc.kind+" ways --now") })
		if tc.kind == "Job" {
			continue // its template cannot be changed
		}
		w.denied(t, workload(tc.apiVersion, tc.kind, unsigned), "unsigned")
	}
	for _, way := range []string{
		"kubectl set image deployment/ways main=" + unsigned,
		"kubectl set image pod/ways main=" + unsigned,
		`kubectl patch pod ways --type=json -p '[{"op":"replace","path":"/spec/containers/0/image","value":"` + unsigned + `"}]'`,
		`kubectl patch cronjob ways --type=merge -p '{"spec":{"suspend":true,"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"` + unsigned + `"}]}}}}}}'`,
	} {
		if out := w.refused(t, way); !strings.Contains(out, "unsigned") {
			t.Errorf("%s: %s", way, out)
		}
	}
}

// The label that takes a namespace out of Gatekeeper's sight is refused, to the cluster's administrator too.
func TestNoNamespaceIsTakenOut(t *testing.T) {
	w := start(t)
	w.install(t)
	namespace := "{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {%s: %s}}}"
	w.denied(t, fmt.Sprintf(namespace, "unseen", "admission.gatekeeper.sh/ignore", `"true"`), "exempt")
	out, err := w.apply(t, fmt.Sprintf(namespace, "renamed", "kubernetes.io/metadata.name", "kube-system"), "--dry-run=server", "--output=yaml")
	if err == nil && !strings.Contains(out, "kubernetes.io/metadata.name: renamed") {
		t.Errorf("a namespace has another's name: %s", out)
	}
}
