package policies_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	mutations "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/unversioned"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// mutationSystem is Gatekeeper's, with our mutators and a provider that pins all it is asked about.
func mutationSystem(t *testing.T) *mutation.System {
	t.Helper()
	server := httptest.NewTLSServer(nil) // for its certificate
	defer server.Close()
	providers := externaldata.NewCache()
	system := mutation.NewSystem(mutation.SystemOpts{
		ProviderCache:                     providers,
		SendRequestToExternalDataProvider: pin,
		ClientCertWatcher:                 identity(t, server.TLS.Certificates[0]),
	})
	for _, object := range manifests(t, "mutation/*.yaml", "mutation/ephemeral/*.yaml") {
		switch object.GetKind() {
		case "Provider":
			provider := unversioned.Provider{}
			decode(t, object, &provider)
			provider.Spec.CABundle = base64.StdEncoding.EncodeToString(certificatePEM(server.Certificate()))
			if err := providers.Upsert(&provider); err != nil {
				t.Fatal(err)
			}
		case "Assign":
			assign := mutations.Assign{}
			decode(t, object, &assign)
			mutator, err := mutators.MutatorForAssign(&assign)
			if err == nil {
				err = system.Upsert(mutator)
			}
			if err != nil {
				t.Fatal(object.GetName(), err)
			}
		}
	}
	return system
}

func pin(_ context.Context, provider *unversioned.Provider, keys []string, _ *tls.Certificate) (*externaldata.ProviderResponse, int, error) {
	response := &externaldata.ProviderResponse{Response: externaldata.Response{Idempotent: true}}
	if provider.Spec.URL == "https://notation-provider.notation-provider.svc:8443/mutate" {
		for _, key := range keys {
			response.Response.Items = append(response.Response.Items, externaldata.Item{Key: key, Value: strings.TrimSuffix(key, "@"+sha256) + "@" + sha256})
		}
	}
	return response, 200, nil
}

func certificatePEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func identity(t *testing.T, c tls.Certificate) *certwatcher.CertWatcher {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	put(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	put(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	watcher, err := certwatcher.New(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return watcher
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// manifests are the Kubernetes objects in files.
func manifests(t *testing.T, patterns ...string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			read, err := reader.ReadUnstructureds(text)
			if err != nil {
				t.Fatal(path, err)
			}
			objects = append(objects, read...)
		}
	}
	return objects
}

// decode is strict: a misspelt field of a mutator would widen what it changes.
func decode(t *testing.T, object *unstructured.Unstructured, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true); err != nil {
		t.Fatal(object.GetName(), err)
	}
}

// mutated are the images of an object after an operation, in the order of their places.
func mutated(t *testing.T, system *mutation.System, operation admissionv1.Operation, manifest string) []string {
	t.Helper()
	objects, err := reader.ReadUnstructureds([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	_, err = system.Mutate(context.Background(), &types.Mutable{Object: objects[0], Operation: operation, Source: types.SourceTypeOriginal})
	if err != nil {
		t.Fatal(err)
	}
	read := evaluate(t, `[use.image | some use in data.lib.review.judged]`, map[string]any{"review": map[string]any{"object": objects[0].Object}})
	var images []string
	for _, image := range read.([]any) {
		images = append(images, strings.ReplaceAll(image.(string), "@"+sha256, "@PINNED"))
	}
	slices.Sort(images)
	return images
}

const podSpec = `{containers: [{name: a, image: "x:1"}, {name: b, image: "x:2"}], initContainers: [{name: c, image: "x:3"}],
	ephemeralContainers: [{name: d, image: "x:4"}], volumes: [{name: v, image: {reference: "x:5"}}, {name: e, emptyDir: {}}]}`

func pinnedCases() map[string]string {
	template := "{metadata: {labels: {}}, spec: " + podSpec + "}"
	head := "metadata: {name: x, namespace: tango}"
	return map[string]string{
		"Pod":                   "{apiVersion: v1, kind: Pod, " + head + ", spec: " + podSpec + "}",
		"PodTemplate":           "{apiVersion: v1, kind: PodTemplate, " + head + ", template: " + template + "}",
		"ReplicationController": "{apiVersion: v1, kind: ReplicationController, " + head + ", spec: {template: " + template + "}}",
		"Deployment":            "{apiVersion: apps/v1, kind: Deployment, " + head + ", spec: {template: " + template + "}}",
		"ReplicaSet":            "{apiVersion: apps/v1, kind: ReplicaSet, " + head + ", spec: {template: " + template + "}}",
		"StatefulSet":           "{apiVersion: apps/v1, kind: StatefulSet, " + head + ", spec: {template: " + template + "}}",
		"DaemonSet":             "{apiVersion: apps/v1, kind: DaemonSet, " + head + ", spec: {template: " + template + "}}",
		"Job":                   "{apiVersion: batch/v1, kind: Job, " + head + ", spec: {template: " + template + "}}",
		"CronJob":               "{apiVersion: batch/v1, kind: CronJob, " + head + ", spec: {jobTemplate: {spec: {template: " + template + "}}}}",
	}
}

func TestTagsArePinnedWhenAnObjectIsCreated(t *testing.T) {
	system := mutationSystem(t)
	for kind, manifest := range pinnedCases() {
		want := []string{"x:1@PINNED", "x:2@PINNED", "x:3@PINNED", "x:4", "x:5@PINNED"}
		if got := mutated(t, system, admissionv1.Create, manifest); !slices.Equal(got, want) {
			t.Errorf("%s has %q; want %q", kind, got, want)
		}
	}
}

func TestAnUpdatePinsEphemeralContainersOnly(t *testing.T) {
	system := mutationSystem(t)
	for kind, manifest := range pinnedCases() {
		want := []string{"x:1", "x:2", "x:3", "x:4", "x:5"}
		if kind == "Pod" {
			want[3] = "x:4@PINNED"
		}
		if got := mutated(t, system, admissionv1.Update, manifest); !slices.Equal(got, want) {
			t.Errorf("%s has %q; want %q", kind, got, want)
		}
	}
}

// A Deployment would make ReplicaSets without end.
func TestTheReplicaSetOfADeploymentIsLeftAsItIs(t *testing.T) {
	system := mutationSystem(t)
	for _, label := range []string{"pod-template-hash", "rollouts-pod-template-hash"} {
		manifest := strings.Replace(pinnedCases()["ReplicaSet"], "namespace: tango", "namespace: tango, labels: {"+label+": abc}", 1)
		want := []string{"x:1", "x:2", "x:3", "x:4", "x:5"}
		if got := mutated(t, system, admissionv1.Create, manifest); !slices.Equal(got, want) {
			t.Errorf("with %s it has %q; want %q", label, got, want)
		}
	}
}

// The provider's own pods must not need the provider.
func TestTheNamespacesThatTheProviderNeedsAreLeftOut(t *testing.T) {
	system := mutationSystem(t)
	for _, namespace := range []string{"kube-system", "gatekeeper-system", "notation-provider"} {
		manifest := strings.Replace(pinnedCases()["Pod"], "namespace: tango", "namespace: "+namespace, 1)
		if got := mutated(t, system, admissionv1.Create, manifest); strings.Contains(strings.Join(got, " "), "PINNED") {
			t.Errorf("in %s it has %q", namespace, got)
		}
	}
}

func TestKustomizationsBuild(t *testing.T) {
	built := 0
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	for _, pattern := range []string{"*/kustomization.yaml", "*/*/kustomization.yaml", "*/*/*/kustomization.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			built++
			resources, err := kustomizer.Run(filesys.MakeFsOnDisk(), filepath.Dir(path))
			if err != nil || resources.Size() == 0 {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if built == 0 {
		t.Error("there are no kustomizations")
	}
}
