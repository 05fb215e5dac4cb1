//go:build e2e

package rotator_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// The names are those of the chart.
const (
	namespace = "notation-provider"
	tlsSecret = "notation-provider-tls"
	configMap = "notation-provider-client-ca"
	webhooks  = "gatekeeper-validating-webhook-configuration"
	account   = "system:serviceaccount:notation-provider:notation-provider-cert-rotator"
)

func providerNames() []string { return []string{"notation-provider", "notation-provider-mutate"} }

// install makes what the chart makes, and a user with the rights that the README lists.
func (s *shared) install(ctx context.Context, readme, dir string) error {
	objects := []client.Object{
		&corev1.Namespace{}, &corev1.Secret{}, &corev1.ConfigMap{},
		&admissionv1.ValidatingWebhookConfiguration{Webhooks: []admissionv1.ValidatingWebhook{webhook("validation.gatekeeper.sh"), webhook("check-ignore-label.gatekeeper.sh")}},
	}
	for i, name := range []string{namespace, tlsSecret, configMap, webhooks} {
		objects[i].SetName(name)
	}
	objects[1].SetNamespace(namespace)
	objects[2].SetNamespace(namespace)
	for _, name := range providerNames() {
		objects = append(objects, newProvider(name))
	}
	rights, err := rights(readme)
	if err != nil {
		return err
	}
	for _, o := range append(objects, rights...) {
		if err := s.admin.Create(ctx, o); err != nil {
			return fmt.Errorf("making %T %q: %w", o, o.GetName(), err)
		}
	}
	return s.writeUser(dir)
}

func webhook(name string) admissionv1.ValidatingWebhook {
	none, url, path := admissionv1.SideEffectClassNone, "https://127.0.0.1:1", admissionv1.Ignore
	return admissionv1.ValidatingWebhook{
		Name: name, SideEffects: &none, AdmissionReviewVersions: []string{"v1"}, FailurePolicy: &path,
		ClientConfig: admissionv1.WebhookClientConfig{URL: &url},
	}
}

// newProvider is a Provider as the chart makes it: Gatekeeper wants some certificate.
func newProvider(name string) *unstructured.Unstructured {
	p := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"url": "https://notation-provider.notation-provider.svc:8443/validate", "timeout": int64(2),
		"caBundle": base64.StdEncoding.EncodeToString(newCA("placeholder", time.Unix(0, 0))),
	}}}
	p.SetGroupVersionKind(schema.GroupVersionKind{Group: "externaldata.gatekeeper.sh", Version: "v1beta1", Kind: "Provider"})
	p.SetName(name)
	return p
}

// rights are the Role and the ClusterRole in the README, bound to the ServiceAccount.
func rights(readme string) ([]client.Object, error) {
	text, err := os.ReadFile(readme)
	if err != nil {
		return nil, err
	}
	_, after, _ := strings.Cut(string(text), "```yaml\n")
	block, _, found := strings.Cut(after, "```")
	role, clusterRole, both := strings.Cut(block, "---\n")
	if !found || !both {
		return nil, errors.New("the README has no block with a Role and a ClusterRole")
	}
	var r rbacv1.Role
	var c rbacv1.ClusterRole
	if err := errors.Join(yaml.UnmarshalStrict([]byte(role), &r), yaml.UnmarshalStrict([]byte(clusterRole), &c)); err != nil {
		return nil, err
	}
	subject := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: account}}
	binding := &rbacv1.RoleBinding{Subjects: subject, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: r.Name}}
	clusterBinding := &rbacv1.ClusterRoleBinding{Subjects: subject, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: c.Name}}
	binding.Name, binding.Namespace, clusterBinding.Name = r.Name, r.Namespace, c.Name
	return []client.Object{&r, &c, binding, clusterBinding}, nil
}

// writeUser writes a kubeconfig of the rotator's ServiceAccount.
func (s *shared) writeUser(dir string) error {
	user, err := s.env.AddUser(envtest.User{Name: account, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}}, nil)
	if err != nil {
		return err
	}
	text, err := user.KubeConfig()
	if err != nil {
		return err
	}
	s.user = filepath.Join(dir, "rotator.kubeconfig")
	return os.WriteFile(s.user, text, 0o600)
}
