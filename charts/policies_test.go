package charts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	mutations "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/policies"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestTheTemplatesAreThoseOfPolicies(t *testing.T) {
	o := render(t)
	for _, name := range []string{"signedimages", "pinnedimages"} {
		var want map[string]any
		if err := yaml.Unmarshal(rig.Must(policies.Templates.ReadFile(name+"/template.yaml"))(t), &want); err != nil {
			t.Fatal(err)
		}
		got := get[map[string]any](t, o, "ConstraintTemplate", name)
		if fmt.Sprint((*got)["spec"]) != fmt.Sprint(want["spec"]) {
			t.Errorf("%s differs from policies: run make generate", name)
		}
	}
}

// nested is a field of an object.
func nested[T any](t *testing.T, object map[string]any, fields ...string) T {
	t.Helper()
	value, _, err := unstructured.NestedFieldNoCopy(object, fields...)
	got, ok := value.(T)
	if err != nil || !ok {
		t.Errorf("%q is %v: %v", fields, value, err)
	}
	return got
}

// The provider must be able to come back when it is down.
func TestConstraintsLeaveOutWhatTheProviderNeeds(t *testing.T) {
	for _, preset := range []string{"generic", "skao-today", "skao-tomorrow", "skao-development"} {
		found := 0
		for _, object := range parse(t, rig.Must(helm(t, "template", "judge", chart, "--namespace", "elsewhere", "--set", "mutation.create=true,gatekeeper.namespace=gk,gatekeeper.webhookTimeoutSeconds=5,constraints.preset="+preset))(t)) {
			switch object.GetKind() {
			case "SignedImages":
				found++
				left := nested[[]any](t, object.Object, "spec", "match", "excludedNamespaces")
				if fmt.Sprint(left) != "[gk elsewhere]" || nested[string](t, object.Object, "spec", "enforcementAction") != "dryrun" ||
					nested[string](t, object.Object, "spec", "parameters", "provider") != "judge-notation-provider" {
					t.Errorf("%s: %s: %v", preset, object.GetName(), object.Object["spec"])
				}
			case "Assign":
				if left := nested[[]any](t, object.Object, "spec", "match", "excludedNamespaces"); fmt.Sprint(left) != "[kube-system gk elsewhere]" {
					t.Errorf("%s concerns all but %v", object.GetName(), left)
				}
				if provider := nested[string](t, object.Object, "spec", "parameters", "assign", "externalData", "provider"); provider != "judge-notation-provider-mutate" {
					t.Errorf("%s asks %s", object.GetName(), provider)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s makes no constraint", preset)
		}
	}
}

func TestValuesTakeThePlaceOfThePresets(t *testing.T) {
	o := render(t, "--set", "constraints.preset=generic,constraints.enforcementAction=deny,constraints.images[0]=a/*,constraints.support=https://help,"+
		"constraints.exceptions[0].image=b,constraints.exceptions[0].reason=c,constraints.exceptions[0].expires=never,constraints.excludedNamespaces[0]=d")
	spec := nested[map[string]any](t, *get[map[string]any](t, o, "SignedImages", "images-are-signed-or-excepted"), "spec")
	want := "map[exceptions:[map[expires:never image:b reason:c]] images:[a/*] provider:notation-provider support:https://help]"
	if got := fmt.Sprint(spec["parameters"]); got != want || spec["enforcementAction"] != "deny" {
		t.Errorf("%s; want %s", got, want)
	}
}

// An administrator who excepts nothing must not get the preset's exceptions, and says so by an empty list.
func TestAnEmptyListEmptiesThePresets(t *testing.T) {
	parameters := func(args ...string) any {
		t.Helper()
		for _, object := range render(t, append([]string{"--set", "constraints.preset=skao-tomorrow"}, args...)...) {
			if object.GetKind() == "SignedImages" {
				return object.Object["spec"].(map[string]any)["parameters"]
			}
		}
		t.Fatal("there is no constraint")
		return nil
	}
	preset := parameters().(map[string]any)
	if len(preset["exceptions"].([]any)) == 0 || preset["support"] == "" {
		t.Fatalf("the preset has %v", preset)
	}
	for _, left := range []string{"images", "requireMetadata", "signers", "exceptions", "support"} {
		if got := parameters("--set-json", "constraints."+left+"=null"); !reflect.DeepEqual(got, preset) {
			t.Errorf("%s is left to the preset, and there is %v", left, got)
		}
	}
	got := parameters("--set-json", `constraints.exceptions=[],constraints.support="",constraints.signers=[],constraints.requireMetadata=[]`).(map[string]any)
	if exceptions, ok := got["exceptions"].([]any); !ok || len(exceptions) > 0 || got["support"] != "" {
		t.Errorf("there is %v", got)
	}
	if fmt.Sprint(got["signers"], got["requireMetadata"]) != "[] []" {
		t.Errorf("of signatures is asked %v, %v", got["signers"], got["requireMetadata"])
	}
	refused(t, "at '/constraints/images': minItems", "--set-json", "constraints.images=[]")
}

func TestValuesSayWhatSignaturesMustHave(t *testing.T) {
	o := render(t, "--set", "constraints.preset=generic,constraints.requireMetadata[0].images[0]=a/*,constraints.requireMetadata[0].metadata.vetted=SEC-*,"+
		"constraints.signers[0].images[0]=a/*,constraints.signers[0].attributes.CN=V")
	parameters := fmt.Sprint(nested[map[string]any](t, *get[map[string]any](t, o, "SignedImages", "images-are-signed-or-excepted"), "spec", "parameters"))
	for _, want := range []string{"requireMetadata:[map[images:[a/*] metadata:map[vetted:SEC-*]]]", "signers:[map[attributes:map[CN:V] images:[a/*]]]"} {
		if !strings.Contains(parameters, want) {
			t.Errorf("%s; want %s", parameters, want)
		}
	}
	for _, bad := range []string{
		"constraints.signers[0].attributes.CN=V",
		"constraints.signers[0].images[0]=a/*,constraints.signers[0].attributes.cn=V",
		"constraints.requireMetadata[0].images[0]=a/*,constraints.requireMetadata[0].metadata.vetted=1",
	} {
		if _, err := helm(t, "template", "x", chart, "--namespace", "x", "--set", bad); err == nil {
			t.Errorf("the chart takes %s", bad)
		}
	}
}

func TestMutatorsForEphemeralContainersAreAChoice(t *testing.T) {
	const name = "Assign pin-pod-ephemeral-containers"
	with, without := render(t, "--set", "mutation.create=true,mutation.ephemeralContainers=true"), render(t, "--set", "mutation.create=true")
	if !slices.Contains(with.names(), name) || slices.Contains(without.names(), name) {
		t.Errorf("%q, and %q", with.names(), without.names())
	}
	if get[mutations.Assign](t, with, "Assign", "pin-pod-containers").Spec.Parameters.Assign.ExternalData == nil {
		t.Error("it asks no provider")
	}
}

// gatekeepers is the folder of Gatekeeper's own chart.
func gatekeepers(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/gatekeeper/v3")
	return filepath.Join(strings.TrimSpace(string(rig.Must(command.Output())(t))), "charts", "gatekeeper")
}

// gatekeepersRender is what Gatekeeper's own chart renders in a namespace with the values that ours comes with.
func gatekeepersRender(t *testing.T, namespace string) string {
	t.Helper()
	key := "gatekeeper in " + namespace
	if _, ok := rendered[key]; !ok {
		rendered[key] = rig.Must(helm(t, "template", "gatekeeper", gatekeepers(t), "--namespace", namespace, "--values", chart+"/gatekeeper-values.yaml"))(t)
	}
	return rendered[key]
}

func TestGatekeepersChartKnowsOurValuesForIt(t *testing.T) {
	var theirs, ours map[string]any
	for _, tc := range []struct {
		path string
		into *map[string]any
	}{{gatekeepers(t) + "/values.yaml", &theirs}, {chart + "/gatekeeper-values.yaml", &ours}} {
		if err := yaml.Unmarshal(rig.Must(os.ReadFile(tc.path))(t), tc.into); err != nil {
			t.Fatal(err)
		}
	}
	for key := range ours {
		if _, ok := theirs[key]; !ok {
			t.Errorf("Gatekeeper's chart has no %s", key)
		}
	}
	if !strings.Contains(fmt.Sprint(theirs["mutatingWebhookSubResources"]), "pods/ephemeralcontainers") {
		t.Error("the mutating webhook is not asked about ephemeral containers")
	}
	text := gatekeepersRender(t, "gatekeeper-system")
	for _, object := range parse(t, text) {
		if object.GetKind() != "ValidatingWebhookConfiguration" {
			continue
		}
		hook := nested[[]any](t, object.Object, "webhooks")[0].(map[string]any)
		left := fmt.Sprint(nested[map[string]any](t, hook, "namespaceSelector"))
		if hook["failurePolicy"] != "Fail" || fmt.Sprint(hook["timeoutSeconds"]) != "3" || !strings.Contains(left, "kube-system notation-provider gatekeeper-system") {
			t.Errorf("the webhook is %v", hook)
		}
	}
	if !strings.Contains(text, "--max-serving-threads=64") {
		t.Error("Gatekeeper has as many threads as it has CPUs")
	}
	// The chart's values say the same as these, and so does the chart's default.
	for _, tc := range []struct{ key, want string }{{"webhookTimeoutSeconds", "validatingWebhookTimeoutSeconds"}, {"mutatingWebhookTimeoutSeconds", "mutatingWebhookTimeoutSeconds"}} {
		if have := values(t)["gatekeeper"].(map[string]any)[tc.key]; have != ours[tc.want] {
			t.Errorf("%s is %v, and Gatekeeper's %s %v", tc.key, have, tc.want, ours[tc.want])
		}
	}
}

// values are the chart's own.
func values(t *testing.T) map[string]any {
	t.Helper()
	var all map[string]any
	if err := yaml.Unmarshal(rig.Must(os.ReadFile(chart+"/values.yaml"))(t), &all); err != nil {
		t.Fatal(err)
	}
	return all
}
