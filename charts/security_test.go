package charts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// restricted holds a pod to the standard, and to a root that is read-only, limits, and no addresses in its environment.
func restricted(t *testing.T, name string, pod *corev1.PodTemplateSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	if result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec)); !result.Allowed {
		t.Errorf("%s: %s", name, result.ForbiddenDetail())
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if !*c.SecurityContext.ReadOnlyRootFilesystem || c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: %s: its root can be written, or it has no limits", name, c.Name)
		}
	}
	if *pod.Spec.EnableServiceLinks {
		t.Errorf("%s gets the addresses of services in its environment", name)
	}
}

func TestPodsMeetTheRestrictedStandard(t *testing.T) {
	for name, args := range examples(t) {
		o := render(t, args...)
		for _, object := range o {
			if object.GetKind() == "Deployment" {
				restricted(t, name+": "+object.GetName(), &get[appsv1.Deployment](t, o, "Deployment", object.GetName()).Spec.Template)
			}
		}
	}
}

func TestTheServersHaveNoToken(t *testing.T) {
	o := render(t)
	pod := get[appsv1.Deployment](t, o, "Deployment", release).Spec.Template.Spec
	account := get[corev1.ServiceAccount](t, o, "ServiceAccount", release)
	if *pod.AutomountServiceAccountToken || *account.AutomountServiceAccountToken || pod.ServiceAccountName != account.Name {
		t.Errorf("a token may be mounted for %s", pod.ServiceAccountName)
	}
	for _, object := range o {
		if strings.HasSuffix(object.GetKind(), "Binding") && strings.Contains(string(rig.Must(object.MarshalJSON())(t)), `"name":"notation-provider"`) {
			t.Errorf("%s %s gives the servers rights", object.GetKind(), object.GetName())
		}
	}
}

// The Secret holds the rotator's CA and its key too.
func TestTheServersSeeTheirOwnKeyAlone(t *testing.T) {
	for _, volume := range get[appsv1.Deployment](t, render(t), "Deployment", release).Spec.Template.Spec.Volumes {
		if volume.Secret == nil {
			continue
		}
		var keys []string
		for _, item := range volume.Secret.Items {
			keys = append(keys, item.Key)
		}
		if !slices.Equal(keys, []string{"tls.crt", "tls.key"}) {
			t.Errorf("%s shows %q", volume.Secret.SecretName, keys)
		}
	}
}

// rights are what the rules of a role allow: resource and name to verbs.
func rights(t *testing.T, rules []rbacv1.PolicyRule) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, rule := range rules {
		if len(rule.ResourceNames) == 0 {
			t.Errorf("%q of all %q", rule.Verbs, rule.Resources)
		}
		for _, resource := range rule.Resources {
			for _, name := range rule.ResourceNames {
				all[strings.Trim(rule.APIGroups[0]+"/"+resource+"/"+name, "/")] = strings.Join(rule.Verbs, " ")
			}
		}
	}
	return all
}

const change = "get list watch update"

func TestTheRotatorMayTouchNamedObjectsOnly(t *testing.T) {
	const rotator = "notation-provider-cert-rotator"
	o := render(t)
	for _, c := range []struct {
		name  string
		rules []rbacv1.PolicyRule
		want  map[string]string
	}{
		{"in its namespace", get[rbacv1.Role](t, o, "Role", rotator).Rules, map[string]string{
			"secrets/notation-provider-tls":                             change,
			"configmaps/notation-provider-client-ca":                    change,
			"coordination.k8s.io/leases/notation-provider-cert-rotator": "get update",
		}},
		{"in the cluster", get[rbacv1.ClusterRole](t, o, "ClusterRole", rotator).Rules, map[string]string{
			"externaldata.gatekeeper.sh/providers/notation-provider":                                                   change,
			"externaldata.gatekeeper.sh/providers/notation-provider-mutate":                                            change,
			"admissionregistration.k8s.io/validatingwebhookconfigurations/gatekeeper-validating-webhook-configuration": "get list watch",
		}},
	} {
		if got := rights(t, c.rules); !maps.Equal(got, c.want) {
			t.Errorf("%s it may %v; want %v", c.name, got, c.want)
		}
	}
	args := get[appsv1.Deployment](t, o, "Deployment", rotator).Spec.Template.Spec.Containers[0].Args
	want := []string{
		"--namespace=notation-provider", "--client-ca-config-map=notation-provider-client-ca", "--webhook-configuration=gatekeeper-validating-webhook-configuration",
		"--secret=notation-provider-tls", "--provider=notation-provider", "--provider=notation-provider-mutate",
		"--dns-name=notation-provider.notation-provider", "--dns-name=notation-provider.notation-provider.svc", "--dns-name=notation-provider.notation-provider.svc.cluster.local",
		"--replicas-service=notation-provider-replicas.notation-provider.svc:8443", "--certificate-validity=2160h", "--ca-validity=8760h",
		"--lease=notation-provider-cert-rotator", "--admin-listen=:8080", "--leader-elect",
	}
	if !slices.Equal(args, want) {
		t.Errorf("it is called with %q; want %q", args, want)
	}
}

// What others care for is none of the rotator's business.
func TestTheRotatorHasNoRightItNeedsNot(t *testing.T) {
	const rotator = "notation-provider-cert-rotator"
	o := render(t, "--values", chart+"/examples/cert-manager.yaml")
	role, cluster := rights(t, get[rbacv1.Role](t, o, "Role", rotator).Rules), rights(t, get[rbacv1.ClusterRole](t, o, "ClusterRole", rotator).Rules)
	if len(role) != 2 || role["configmaps/notation-provider-client-ca"] != change || len(cluster) != 1 {
		t.Errorf("with cert-manager it may %v, and %v", role, cluster)
	}
	if args := get[appsv1.Deployment](t, o, "Deployment", rotator).Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "--secret=") {
		t.Errorf("with cert-manager it is called with %q", args)
	}
	o = render(t, "--set", "tls.clientCA.configMap.name=ours")
	role, cluster = rights(t, get[rbacv1.Role](t, o, "Role", rotator).Rules), rights(t, get[rbacv1.ClusterRole](t, o, "ClusterRole", rotator).Rules)
	if len(role) != 2 || role["secrets/notation-provider-tls"] != change || len(cluster) != 2 {
		t.Errorf("with a CA of ours it may %v, and %v", role, cluster)
	}
	if args := get[appsv1.Deployment](t, o, "Deployment", rotator).Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "--client-ca-config-map=") {
		t.Errorf("with a CA of ours it is called with %q", args)
	}
}

// A right to make objects cannot be limited to names.
func TestPeopleEditTrustByName(t *testing.T) {
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"configmaps/notation-provider-trust", nil},
		{"configmaps/notation-provider-inline-trust", []string{"--values", chart + "/examples/inline-trust.yaml"}},
		{"configmaps/ours", []string{"--set", "trust.configMap.name=ours"}},
	} {
		got := rights(t, get[rbacv1.Role](t, render(t, tc.args...), "Role", "notation-provider-trust-editor").Rules)
		if !maps.Equal(got, map[string]string{tc.want: "get update patch"}) {
			t.Errorf("%s: %v", tc.want, got)
		}
	}
}
