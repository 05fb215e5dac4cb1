package ratify

import (
	"crypto/x509"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// serve starts the server with the example's trust.
func (w *acme) serve(t *testing.T) (url string) {
	t.Helper()
	binary, err := binaries.Command("notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	policies := asDocument(t, ours(t).Trust.Policy).TrustPolicies
	policies[0].RegistryScopes = []string{w.registry.Scope("*")}
	return w.Provider(rig.ProviderOptions{Binary: binary, Registries: []*rig.Registry{w.registry}, Trust: rig.Trust{
		Policies: policies,
		Stores:   map[string][]*x509.Certificate{"ca:acme": {w.pki.Root.Cert}, "tsa:stamps": {w.TSA.Root()}},
	}}).URL
}

// in moves a pod to a namespace.
func in(namespace string, pod *unstructured.Unstructured) *unstructured.Unstructured {
	pod.SetNamespace(namespace)
	return pod
}

// deployment makes a Deployment of a pod.
func deployment(pod *unstructured.Unstructured) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": pod.Object["metadata"],
		"spec":     map[string]any{"template": map[string]any{"spec": pod.Object["spec"]}},
	}}
}

// The constraint that comes in the place of Ratify's lets in what is signed, and denies what is
// not. It does so in the controllers of pods too, which Ratify's own template does not look at.
func TestConstraintDeniesWhatIsNotSigned(t *testing.T) {
	w := newAcme(t)
	e, err := admission.Open(t.Context(), w.Env, t.TempDir(), w.serve(t), 5, string(readFile(t, "testdata/signedimages.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	signed, unsigned := w.signed("team/signed"), w.unsigned("team/unsigned")
	for _, c := range []struct {
		name   string
		object *unstructured.Unstructured
		want   string // in the only violation; none if it is empty
	}{
		{"signed", admission.Pod("a", signed), ""},
		{"unsigned", admission.Pod("a", signed, unsigned), "unsigned"},
		{"unsigned in a Deployment", deployment(admission.Pod("a", unsigned)), "unsigned"},
		{"of another registry", admission.Pod("a", "postgres:16"), "out-of-scope"},
		{"excluded namespace", in("kube-system", admission.Pod("a", unsigned)), ""},
	} {
		violations, err := e.Review(t.Context(), c.object)
		if err != nil {
			t.Fatal(err)
		}
		checkViolations(t, c.name, violations, c.want)
	}
}

func checkViolations(t *testing.T, name string, violations []engine.Violation, want string) {
	t.Helper()
	if want == "" && len(violations) == 0 {
		return
	}
	if want == "" || len(violations) != 1 || !strings.Contains(violations[0].Msg, want) {
		t.Errorf("%s: %+v, want %q", name, violations, want)
	}
}
