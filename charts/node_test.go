package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// node is a folder that stands for the root of a server's container.
type node struct {
	t    *testing.T
	root string
	// data is what the cluster holds: that of ConfigMaps and Secrets, by name and key.
	data map[string]map[string]string
}

// newNode has a serving certificate, Gatekeeper's CA, and the ConfigMaps of a render.
func newNode(t *testing.T, o objects) *node {
	t.Helper()
	issuer := rig.Must(ca.NewRoot(ca.Options{}))(t)
	server := rig.Must(issuer.Server(ca.Options{DNSNames: []string{"notation-provider.notation-provider.svc"}}))(t)
	n := &node{t: t, root: t.TempDir(), data: map[string]map[string]string{
		"notation-provider-tls":       {"tls.crt": string(ca.EncodeCertificates(server.Chain...)), "tls.key": string(rig.Must(ca.EncodeKey(server.Key))(t))},
		"notation-provider-client-ca": {"ca.crt": string(ca.EncodeCertificates(issuer.Cert))},
		"registry-ca":                 {"ca.crt": string(ca.EncodeCertificates(issuer.Cert))},
		"valkey-ca":                   {"ca.crt": string(ca.EncodeCertificates(issuer.Cert))},
		"notation-provider-valkey":    {"password": "example"},
		"registry-example":            {".dockerconfigjson": `{"auths": {"registry.example.org:5000": {"username": "a", "password": "b"}}}`},
		"credential-helper":           {"config.json": `{"credHelpers": {"123.registry.example.org": "example"}}`},
	}}
	for _, name := range []string{"my-serving-certificate", "gatekeeper-ca"} {
		n.data[name] = map[string]string{}
		for _, from := range []string{"notation-provider-tls", "notation-provider-client-ca"} {
			for key, value := range n.data[from] {
				n.data[name][key] = value
			}
		}
	}
	for _, object := range o {
		if object.GetKind() == "ConfigMap" && has(object, "data") {
			n.data[object.GetName()] = get[corev1.ConfigMap](t, o, "ConfigMap", object.GetName()).Data
		}
	}
	return n
}

// mount puts the volumes of the server where its container has them.
func (n *node) mount(o objects) {
	n.t.Helper()
	pod := get[appsv1.Deployment](n.t, o, "Deployment", release).Spec.Template.Spec
	volumes := map[string]corev1.Volume{}
	for _, volume := range pod.Volumes {
		volumes[volume.Name] = volume
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		switch v, into := volumes[mount.Name], filepath.Join(n.root, mount.MountPath); {
		case v.ConfigMap != nil:
			n.show(into, v.ConfigMap.Name, v.ConfigMap.Items)
		case v.Secret != nil:
			n.show(into, v.Secret.SecretName, v.Secret.Items)
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					n.show(into, source.Secret.Name, source.Secret.Items)
				} else {
					n.show(into, source.ConfigMap.Name, source.ConfigMap.Items)
				}
			}
		case v.EmptyDir == nil && v.PersistentVolumeClaim == nil:
			n.t.Errorf("%s mounts no volume", mount.MountPath)
		}
	}
}

func (n *node) show(into, name string, items []corev1.KeyToPath) {
	n.t.Helper()
	data, ok := n.data[name]
	if !ok {
		n.t.Errorf("there is no %s", name)
	}
	if items == nil {
		for key := range data {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		content, ok := data[item.Key]
		path := filepath.Join(into, item.Path)
		if !ok {
			n.t.Errorf("%s has no %s", name, item.Key)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			n.t.Fatal(err)
		}
		// The configuration names files from the root of the container.
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "/etc/notation-provider/", n.root+"/etc/notation-provider/")), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
}

// bundled is the folder that notation-pki writes for a cluster, with a ConfigMap that the node then has.
func (n *node) bundled() (values string) {
	n.t.Helper()
	dir := n.t.TempDir()
	issuer := rig.Must(ca.NewRoot(ca.Options{}))(n.t)
	if err := os.WriteFile(filepath.Join(dir, "root.pem"), ca.EncodeCertificates(issuer.Cert), 0o600); err != nil {
		n.t.Fatal(err)
	}
	command := exec.CommandContext(n.t.Context(), rig.Must(binaries.Command("notation-pki"))(n.t), "bundle", "--ca", "root.pem", "--tsa", "root.pem",
		"--scope", "registry.example.org/*", "--identity", "x509.subject: C=GB, ST=England, O=SKAO", "--kubernetes", "--out", "trust")
	command.Dir = dir
	if said, err := command.CombinedOutput(); err != nil {
		n.t.Fatalf("%v: %s", err, said)
	}
	var cm corev1.ConfigMap
	if err := yaml.UnmarshalStrict(rig.Must(os.ReadFile(dir+"/trust/kubernetes/configmap.yaml"))(n.t), &cm); err != nil {
		n.t.Fatal(err)
	}
	if cm.Namespace != release {
		n.t.Errorf("the bundle is for the namespace %q", cm.Namespace)
	}
	n.data[cm.Name] = cm.Data
	return dir + "/trust/kubernetes/values.yaml"
}
