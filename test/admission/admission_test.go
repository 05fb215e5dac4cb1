package admission_test

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// binaries has the server, built once.
var binaries rig.Binaries

func TestMain(m *testing.M) { binaries.Main(m) }

// empty is a policy that has nothing against anything: what Gatekeeper's engine takes by itself.
const empty = `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: empty}
spec:
  crd: {spec: {names: {kind: Empty}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: Rego
      source:
        version: v1
        rego: |
          package empty
          violation contains {"msg": "never"} if false
`

const emptyConstraint = `{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: Empty, metadata: {name: empty}}`

// signed is a constraint with so many exceptions, for other images.
func signed(exceptions int) string {
	var list strings.Builder
	for i := range exceptions {
		fmt.Fprintf(&list, "{image: docker.io/library/image-%d, reason: SEC-142, expires: never}, ", i)
	}
	return fmt.Sprintf(`{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: SignedImages, metadata: {name: signed},
		spec: {parameters: {provider: notation-provider, images: ["*"], exceptions: [%s]}}}`, strings.TrimSuffix(list.String(), ", "))
}

// world is a server that knows three signed images, and one that is not.
type world struct {
	*rig.Test

	registry *rig.Registry
	url      string
	good     []string
	unsigned string
}

func newWorld(tb testing.TB, edit func(*config.Config)) *world {
	tb.Helper()
	binary, err := binaries.Command("notation-provider")
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{Test: rig.ForTest(tb)}
	w.registry = w.Registry(rig.RegistryOptions{Kind: rig.API})
	for _, name := range []string{"production/ska-tango", "production/ska-csp", "production/ska-sdp"} {
		image := w.PushImage(w.registry, name, "1")
		w.Sign(image, rig.Signature{})
		w.good = append(w.good, image.Tagged())
	}
	w.unsigned = w.PushImage(w.registry, "production/ska-new", "1").Tagged()
	w.url = w.Provider(rig.ProviderOptions{Binary: binary, Registries: []*rig.Registry{w.registry}, Edit: edit}).URL
	return w
}

func (w *world) open(tb testing.TB, objects ...string) *engine.Engine {
	tb.Helper()
	e, err := admission.Open(tb.Context(), w.Env, tb.TempDir(), w.url, 5, objects...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Close)
	return e
}

// A pod is admitted if all its images are signed, and denied if one is not.
func TestPodOfSignedAndUnsignedImages(t *testing.T) {
	w := newWorld(t, nil)
	e := w.open(t, signed(3))
	if violations, err := e.Review(t.Context(), admission.Pod("good", w.good...)); err != nil || engine.Denied(violations) {
		t.Errorf("three signed images: %+v, %v", violations, err)
	}
	violations, err := e.Review(t.Context(), admission.Pod("bad", append(w.good, w.unsigned)...))
	if err != nil || len(violations) != 1 || !strings.Contains(violations[0].Msg, "c3") || !strings.Contains(violations[0].Msg, "unsigned") {
		t.Errorf("and one that is not: %+v, %v", violations, err)
	}
}

// BenchmarkDecision is the time to decide on a pod of three containers, whose verdicts the server
// remembers. Beside it is that of an empty template in the same engine.
func BenchmarkDecision(b *testing.B) {
	w := newWorld(b, nil)
	for _, tc := range []struct {
		name    string
		objects []string
	}{
		{"template=empty", []string{empty, emptyConstraint}},
		{"template=signed/exceptions=0", []string{signed(0)}},
		{"template=signed/exceptions=200", []string{signed(200)}},
	} {
		b.Run(tc.name, func(b *testing.B) {
			e := w.open(b, tc.objects...)
			pod := admission.Pod("pod", w.good...)
			for b.Loop() {
				if violations, err := e.Review(b.Context(), pod); err != nil || engine.Denied(violations) {
					b.Fatal(violations, err)
				}
			}
		})
	}
}
