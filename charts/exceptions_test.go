package charts

import (
	"fmt"
	"slices"
	"testing"

	syncsets "github.com/open-policy-agent/gatekeeper/v3/apis/syncset/v1alpha1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// Gatekeeper synchronises each kind that the chart makes, in the version that is stored, and may read it. CRDs are templates, which
// an upgrade changes, and outlive the release, for people's objects go with them.
func TestExceptionObjectsAreSynchronised(t *testing.T) {
	o := render(t, "--set", "imageExceptions.create=true")
	var made []string
	for _, name := range []string{"clusterimageexceptions", "imageexceptions"} {
		crd := get[apiextensionsv1.CustomResourceDefinition](t, o, "CustomResourceDefinition", name+".notation-provider.internal")
		if crd.Annotations["helm.sh/resource-policy"] != "keep" {
			t.Errorf("%s goes with the release: %v", name, crd.Annotations)
		}
		for _, v := range crd.Spec.Versions {
			if v.Storage && v.Served {
				made = append(made, fmt.Sprint(crd.Spec.Group, "/", v.Name, "/", crd.Spec.Names.Kind))
			}
		}
	}
	var read []string
	for _, entry := range get[syncsets.SyncSet](t, o, "SyncSet", "notation-provider-exceptions").Spec.GVKs {
		read = append(read, entry.Group+"/"+entry.Version+"/"+entry.Kind)
	}
	if slices.Sort(read); !slices.Equal(made, read) {
		t.Errorf("there are %q, and Gatekeeper reads %q", made, read)
	}
	for _, object := range parse(t, rig.Must(helm(t, "template", "gatekeeper", gatekeepers(t)))(t)) {
		if object.GetKind() != "ClusterRole" || object.GetName() != "gatekeeper-manager-role" {
			continue
		}
		role := get[rbacv1.ClusterRole](t, objects{object}, "ClusterRole", "gatekeeper-manager-role")
		if !slices.ContainsFunc(role.Rules, func(r rbacv1.PolicyRule) bool {
			return slices.Contains(r.APIGroups, "*") && slices.Contains(r.Resources, "*") && slices.Contains(r.Verbs, "watch") && slices.Contains(r.Verbs, "list")
		}) {
			t.Errorf("Gatekeeper may not read them: %v", role.Rules)
		}
		return
	}
	t.Error("Gatekeeper's chart has no gatekeeper-manager-role")
}

// Exceptions are written by those who are named, and in a namespace by its admins only if the values say so.
func TestExceptionEditorsAreNamed(t *testing.T) {
	o := render(t, "--set", "imageExceptions.create=true")
	for _, object := range o {
		if labels := object.GetLabels(); labels["rbac.authorization.k8s.io/aggregate-to-edit"] != "" || labels["rbac.authorization.k8s.io/aggregate-to-admin"] != "" {
			t.Errorf("%s is part of a role that people have", object.GetName())
		}
	}
	if names := o.names(); slices.Contains(names, "ClusterRoleBinding notation-provider-exception-editor") || slices.Contains(names, "ClusterRole notation-provider-namespace-exception-editor") {
		t.Errorf("somebody has the role: %q", names)
	}
	o = render(t, everything...)
	admins := get[rbacv1.ClusterRole](t, o, "ClusterRole", "notation-provider-namespace-exception-editor")
	if admins.Labels["rbac.authorization.k8s.io/aggregate-to-admin"] != "true" || !slices.Equal(admins.Rules[0].Resources, []string{"imageexceptions"}) || len(admins.Rules) != 1 {
		t.Errorf("%v, %v", admins.Labels, admins.Rules)
	}
	binding := get[rbacv1.ClusterRoleBinding](t, o, "ClusterRoleBinding", "notation-provider-exception-editor")
	if binding.RoleRef.Name != "notation-provider-exception-editor" || len(binding.Subjects) != 1 || binding.Subjects[0].Name != "c" {
		t.Errorf("%+v", binding)
	}
}

// The values name the kinds that the preset's constraint reads.
func TestPresetReadsExceptionObjects(t *testing.T) {
	for _, c := range []struct{ value, want string }{{"null", "<nil>"}, {"{ClusterImageException}", "[ClusterImageException]"}} {
		o := render(t, "--set", "constraints.preset=generic,constraints.exceptionsFrom="+c.value)
		spec := (*get[map[string]any](t, o, "SignedImages", "images-are-signed-or-excepted"))["spec"].(map[string]any) //nolint:forcetypeassert // a constraint has one
		if got := fmt.Sprint(spec["parameters"].(map[string]any)["exceptionsFrom"]); got != c.want {                   //nolint:forcetypeassert // likewise
			t.Errorf("%s: %s; want %s", c.value, got, c.want)
		}
	}
}
