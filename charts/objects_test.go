package charts

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/v1beta1"
	v1 "github.com/open-policy-agent/frameworks/constraint/pkg/apis/templates/v1"
	mutations "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	syncsets "github.com/open-policy-agent/gatekeeper/v3/apis/syncset/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestTheChartHasEveryObject(t *testing.T) {
	base := []string{
		"ClusterRole notation-provider-cert-rotator", "ClusterRole notation-provider-constraint-editor", "ClusterRole notation-provider-viewer",
		"ClusterRoleBinding notation-provider-cert-rotator",
		"ConfigMap notation-provider", "ConfigMap notation-provider-client-ca",
		"ConstraintTemplate pinnedimages", "ConstraintTemplate signedimages",
		"Deployment notation-provider", "Deployment notation-provider-cert-rotator",
		"Lease notation-provider-cert-rotator",
		"NetworkPolicy notation-provider", "NetworkPolicy notation-provider-cert-rotator",
		"PodDisruptionBudget notation-provider",
		"Provider notation-provider", "Provider notation-provider-mutate",
		"Role notation-provider-cert-rotator", "Role notation-provider-trust-editor", "RoleBinding notation-provider-cert-rotator",
		"Secret notation-provider-tls",
		"Service notation-provider", "Service notation-provider-replicas",
		"ServiceAccount notation-provider", "ServiceAccount notation-provider-cert-rotator",
	}
	if got := render(t).names(); !slices.Equal(got, base) {
		t.Errorf("by default there are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(base, "\n"))
	}
	more := []string{
		"ClusterRole notation-provider-exception-editor", "ClusterRole notation-provider-namespace-exception-editor",
		"ClusterRoleBinding notation-provider-exception-editor",
		"CustomResourceDefinition clusterimageexceptions.notation-provider.internal", "CustomResourceDefinition imageexceptions.notation-provider.internal",
		"SyncSet notation-provider-exceptions",
		"ClusterRoleBinding notation-provider-constraint-editor", "ConfigMap notation-provider-dashboard", "HorizontalPodAutoscaler notation-provider",
		"PodMonitor notation-provider", "PrometheusRule notation-provider", "RoleBinding notation-provider-trust-editor", "SignedImages images-are-signed-or-excepted",
	}
	with := render(t, everything...).names()
	with = slices.DeleteFunc(with, func(name string) bool { return strings.HasPrefix(name, "Assign pin-") })
	if want := slices.Sorted(slices.Values(append(more, base...))); !slices.Equal(with, want) {
		t.Errorf("with all switches on there are\n%s\nwant\n%s", strings.Join(with, "\n"), strings.Join(want, "\n"))
	}
}

// known are the types of all kinds that the chart makes, but for those of operators that we do not link.
func known(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1beta1.AddToScheme, v1.AddToScheme, mutations.AddToScheme, apiextensionsv1.AddToScheme, syncsets.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A misspelt field would be dropped by an API server that is not asked to be strict.
func TestEveryObjectIsWhatItsAPISays(t *testing.T) {
	untyped := []string{"PodMonitor", "PrometheusRule", "Certificate", "SignedImages"}
	s := known(t)
	sets := examples(t)
	sets["every switch"] = everything
	for name, args := range sets {
		for _, object := range render(t, args...) {
			if slices.Contains(untyped, object.GetKind()) {
				continue
			}
			into, err := s.New(object.GroupVersionKind())
			if err == nil {
				err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true)
			}
			if err != nil {
				t.Errorf("%s: %s %s: %v", name, object.GetKind(), object.GetName(), err)
			}
		}
	}
}

// The manifests beside the values are sound too, and their pods meet the restricted standard.
func TestTheManifestsOfExamplesAreSound(t *testing.T) {
	s := known(t)
	for _, file := range []string{"crl/crl.yaml", "report/report.yaml"} {
		for _, object := range parse(t, string(rig.Must(os.ReadFile(chart+"/examples/"+file))(t))) {
			into, err := s.New(object.GroupVersionKind())
			if err == nil {
				err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, into, true)
			}
			if err != nil {
				t.Errorf("%s: %s %s: %v", file, object.GetKind(), object.GetName(), err)
			}
			switch o := into.(type) {
			case *appsv1.Deployment:
				restricted(t, file, &o.Spec.Template)
			case *batchv1.CronJob:
				restricted(t, file, &o.Spec.JobTemplate.Spec.Template)
			}
		}
	}
}

func TestEveryObjectOfANamespaceIsInTheRelease(t *testing.T) {
	everywhere := []string{"ClusterRole", "ClusterRoleBinding", "Provider", "ConstraintTemplate", "SignedImages", "Assign", "CustomResourceDefinition", "SyncSet"}
	for _, object := range parse(t, rig.Must(helm(t, append([]string{"template", "judge", chart, "--namespace", "elsewhere"}, everything...)...))(t)) {
		want := "elsewhere"
		if slices.Contains(everywhere, object.GetKind()) {
			want = ""
		}
		if object.GetNamespace() != want || object.GetLabels()["app.kubernetes.io/instance"] != "judge" {
			t.Errorf("%s %s is in %q, with %v", object.GetKind(), object.GetName(), object.GetNamespace(), object.GetLabels())
		}
	}
}

func TestEveryExampleRendersAndLints(t *testing.T) {
	for name, args := range examples(t) {
		if _, err := helm(t, append([]string{"lint", "--strict", chart}, args...)...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if names := render(t, args...).names(); !slices.Contains(names, "Deployment notation-provider") {
			t.Errorf("%s: %q", name, names)
		}
	}
}

func TestRenderingTwiceGivesTheSameBytes(t *testing.T) {
	for name, args := range examples(t) {
		_ = render(t, args...)
		first := rendered[strings.Join(args, "\n")]
		if again := rig.Must(template(t, args...))(t); again != first {
			t.Errorf("%s: it differs", name)
		}
	}
}

// A render is in Git, in helm's Secret and in logs of pipelines.
func TestNoRenderHoldsAKey(t *testing.T) {
	for name, args := range examples(t) {
		o := render(t, args...)
		if text := rendered[strings.Join(args, "\n")]; strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("%s: there is a private key", name)
		}
		for _, object := range o {
			if object.GetKind() == "Secret" && (has(object, "data") || has(object, "stringData")) {
				t.Errorf("%s: the Secret %s has data", name, object.GetName())
			}
		}
	}
}

func has(object *unstructured.Unstructured, field string) bool {
	_, found := object.Object[field]
	return found
}

// What the rotator writes would be taken back by the next upgrade if the chart said anything of it.
func TestWhatTheRotatorFillsIsEmpty(t *testing.T) {
	for _, object := range render(t) {
		switch object.GetKind() + " " + object.GetName() {
		case "Secret notation-provider-tls", "ConfigMap notation-provider-client-ca", "Lease notation-provider-cert-rotator":
			if has(object, "data") || has(object, "spec") || has(object, "immutable") {
				t.Errorf("%s has %v", object.GetName(), object.Object)
			}
		}
	}
}

func TestTheServersComeAndGoOneByOne(t *testing.T) {
	d := get[appsv1.Deployment](t, render(t), "Deployment", release)
	rolling, pod := d.Spec.Strategy.RollingUpdate, d.Spec.Template.Spec
	if *d.Spec.Replicas != 2 || rolling.MaxUnavailable.IntValue() != 0 || rolling.MaxSurge.IntValue() != 1 {
		t.Errorf("%d replicas, %+v", *d.Spec.Replicas, rolling)
	}
	// drainDelay of the configuration, DrainTimeout and flushWithin of the server.
	if *pod.TerminationGracePeriodSeconds <= 3+20+1 {
		t.Errorf("it has %d s to end", *pod.TerminationGracePeriodSeconds)
	}
	if len(pod.TopologySpreadConstraints) != 2 || pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels["app.kubernetes.io/component"] != "server" {
		t.Errorf("they are spread by %+v", pod.TopologySpreadConstraints)
	}
	probes := []struct {
		path  string
		probe *corev1.Probe
	}{{"/healthz", pod.Containers[0].LivenessProbe}, {"/readyz", pod.Containers[0].ReadinessProbe}}
	for _, tc := range probes {
		if tc.probe.HTTPGet.Path != tc.path || tc.probe.HTTPGet.Port.StrVal != "admin" || tc.probe.HTTPGet.Scheme != "" {
			t.Errorf("%s is asked as %+v", tc.path, tc.probe.HTTPGet)
		}
	}
	if scaled := get[appsv1.Deployment](t, render(t, "--set", "autoscaling.enabled=true"), "Deployment", release); scaled.Spec.Replicas != nil {
		t.Error("the chart and the autoscaler both say how many there are")
	}
}
