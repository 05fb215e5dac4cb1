//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// deployment is one with an image.
func deployment(name, image string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: main, image: %[2]q}]}
`, name, image)
}

// apply applies an object, within an API server that keeps it or does not.
func (w *world) apply(t *testing.T, object string, flags ...string) (string, error) {
	t.Helper()
	return w.Apply(t.Context(), object, flags...)
}

// denied applies an object that has to be denied, for each of the reasons.
func (w *world) denied(t *testing.T, object string, reasons ...string) {
	t.Helper()
	out, err := w.apply(t, object, "--dry-run=server")
	if err == nil {
		t.Fatalf("admitted: %s\n%s", out, object)
	}
	for _, reason := range reasons {
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("%q is not in\n%v", reason, err)
		}
	}
}

// admitted applies an object that has to be admitted.
func (w *world) admitted(t *testing.T, object string, flags ...string) {
	t.Helper()
	if _, err := w.apply(t, object, flags...); err != nil {
		t.Fatalf("%v\n%s", err, object)
	}
}

func TestSignedDeploymentIsAdmitted(t *testing.T) {
	w := start(t)
	w.install(t)
	w.admitted(t, deployment("signed", registryHost+"/signed:1"), "--dry-run=server")
}

// The developer reads it at the Deployment, not in the events of a ReplicaSet.
func TestUnsignedDeploymentIsDenied(t *testing.T) {
	w := start(t)
	w.install(t)
	w.denied(t, deployment("unsigned", registryHost+"/unsigned:1"), "unsigned", registryHost+"/unsigned", "sha256:")
}

// What the API server takes for another image than we might: each is denied, although the registry has a signed image.
func TestOddReferencesAreDenied(t *testing.T) {
	w := start(t)
	w.install(t)
	for _, image := range []string{
		"sha256:0123456789ab", "registry.example:0443/signed:1", "registry.example/signed:1 ", "REGISTRY.example/Signed:1",
		"registry.example./signed:1", "registry.example/signed:1@sha256:00", "registry.example/not-there:1",
	} {
		if out, err := w.apply(t, deployment("odd", image), "--dry-run=server"); err == nil {
			t.Errorf("%q was admitted: %s", image, out)
		}
	}
}

func TestEphemeralContainerIsJudged(t *testing.T) {
	w := start(t)
	w.install(t)
	w.admitted(t, "{apiVersion: v1, kind: Pod, metadata: {name: host}, spec: {containers: [{name: main, image: "+registryHost+"/signed:1}]}}")
	t.Cleanup(func() { w.must(t, "kubectl delete pod host --now") })
	patch := `kubectl patch pod host --subresource=ephemeralcontainers --type=strategic -p '{"spec":{"ephemeralContainers":[{"name":"debug","image":"%s"}]}}' --dry-run=server`
	if out := w.refusedf(t, patch, registryHost+"/unsigned:1"); !strings.Contains(out, "unsigned") {
		t.Error(out)
	}
	w.must(t, fmt.Sprintf(patch, registryHost+"/signed:1"))
}

func (w *world) refusedf(t *testing.T, format string, args ...any) string {
	t.Helper()
	return w.refused(t, fmt.Sprintf(format, args...))
}

func TestImageVolumeIsJudged(t *testing.T) {
	w := start(t)
	w.install(t)
	pod := func(image string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: volume}, spec: {
  containers: [{name: main, image: %[1]s/signed:1, volumeMounts: [{name: data, mountPath: /data}]}],
  volumes: [{name: data, image: {reference: %[2]q}}]}}`, registryHost, image)
	}
	w.denied(t, pod(registryHost+"/unsigned:1"), "unsigned")
	w.admitted(t, pod(registryHost+"/signed:1"), "--dry-run=server")
}

// kubectl validates strictly; for clients that do not, the API server drops what the schema does not know.
func TestMisspeltParameterIsRefused(t *testing.T) {
	w := start(t)
	w.install(t)
	constraint := `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: misspelt}
spec:
  parameters: {provider: notation-provider, images: ["*"], %s: []}
`
	w.denied(t, fmt.Sprintf(constraint, "exeptions"), "exeptions")
	w.denied(t, fmt.Sprintf(constraint, "Exceptions"), "Exceptions")
	w.admitted(t, fmt.Sprintf(constraint, "exceptions"), "--dry-run=server")
	w.admitted(t, fmt.Sprintf(constraint, "exeptions"), "--dry-run=server", "--validate=warn")
}

// The rules of the template's schema reach the API server, and their messages the person who applies a constraint.
func TestUnsoundParameterIsRefusedInWords(t *testing.T) {
	w := start(t)
	w.install(t)
	constraint := `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: unsound}
spec:
  parameters:
    provider: notation-provider
    images: [%s]
    exceptions: [{image: docker.io/library/postgres, reason: SEC-1, expires: "%s"}]
`
	w.denied(t, fmt.Sprintf(constraint, `"*"`, "2027-02-31"), `"2027-02-31" is no day; write a day that exists, as YYYY-MM-DD, or never`)
	w.denied(t, fmt.Sprintf(constraint, `"docker.io/grafana/grafana*"`, "never"), "has a * in the wrong place; write * alone, or a path and /*")
	w.admitted(t, fmt.Sprintf(constraint, `"*"`, "2028-02-29"), "--dry-run=server")
}

// What a constraint asks of signatures is within what the API server computes, and its rules have their words.
func TestSignatureParametersReachTheAPIServer(t *testing.T) {
	w := start(t)
	w.install(t)
	constraint := `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: vetted}
spec:
  parameters:
    provider: notation-provider
    requireMetadata: [{images: [harbor.skao.int/mirror/*], metadata: {%s: %q}}]
    signers: [{images: [harbor.skao.int/mirror/*], attributes: {CN: SKAO Vetting, O: SKAO}}]
`
	w.admitted(t, fmt.Sprintf(constraint, "vetted", "SEC-*"), "--dry-run=server")
	w.denied(t, fmt.Sprintf(constraint, "vetted", "SEC-*-x"), `"SEC-*-x" has a * in the wrong place; write it at the end`)
	w.denied(t, fmt.Sprintf(constraint, "io.cncf.notary.x", "y"), "has a key that no signature has")
}
