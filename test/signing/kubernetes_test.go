package signing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// volume is a folder into which a ConfigMap is mounted as the kubelet does it. What is seen are links through ..data,
// which moves from one version to the next in one step.
type volume struct {
	t    *testing.T
	path string
}

// mount shows a bundle's ConfigMap, in place of what was there.
func (v volume) mount(bundle string) {
	v.t.Helper()
	var cm corev1.ConfigMap
	var values struct {
		Trust struct {
			ConfigMap struct {
				Name  string
				Items []corev1.KeyToPath
			}
		}
	}
	for _, tc := range []struct {
		file string
		into any
	}{{"configmap.yaml", &cm}, {"values.yaml", &values}} {
		if err := yaml.UnmarshalStrict(rig.Must(os.ReadFile(filepath.Join(bundle, "kubernetes", tc.file)))(v.t), tc.into); err != nil {
			v.t.Fatal(err)
		}
	}
	if cm.Name != values.Trust.ConfigMap.Name {
		v.t.Fatalf("the chart would mount %q and not %q", values.Trust.ConfigMap.Name, cm.Name)
	}
	version := rig.Must(os.MkdirTemp(v.path, "..version-"))(v.t)
	for _, item := range values.Trust.ConfigMap.Items {
		content, ok := cm.Data[item.Key]
		if !ok {
			v.t.Fatalf("the ConfigMap has no %q", item.Key)
		}
		v.put(filepath.Join(version, item.Path), content)
	}
	if len(cm.Data) != len(values.Trust.ConfigMap.Items) {
		v.t.Errorf("%d keys, and %d are mounted", len(cm.Data), len(values.Trust.ConfigMap.Items))
	}
	v.show(version)
}

func (v volume) put(path, content string) {
	v.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// show lets ..data point at the version, and links all that is in it.
func (v volume) show(version string) {
	v.t.Helper()
	next := filepath.Join(v.path, "..data_tmp")
	if err := os.Symlink(filepath.Base(version), next); err != nil {
		v.t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(v.path, "..data")); err != nil {
		v.t.Fatal(err)
	}
	for _, entry := range rig.Must(os.ReadDir(version))(v.t) {
		err := os.Symlink(filepath.Join("..data", entry.Name()), filepath.Join(v.path, entry.Name()))
		if err != nil && !os.IsExist(err) {
			v.t.Fatal(err)
		}
	}
}

// process is the real server with its trust in a ConfigMap.
type process struct {
	*rig.Provider

	asker *rig.GatekeeperClient
}

func serve(t *testing.T, w *rig.Test, v volume, edit func(*config.Config), registries ...*rig.Registry) *process {
	t.Helper()
	p := w.Provider(rig.ProviderOptions{
		Binary:     rig.Must(binaries.Command("notation-provider"))(t),
		Registries: registries,
		Edit: func(c *config.Config) {
			c.Trust = config.Trust{PolicyFile: filepath.Join(v.path, "trustpolicy.json"), StoreDir: filepath.Join(v.path, "truststore")}
			edit(c)
		},
	})
	return &process{Provider: p, asker: w.GatekeeperClient(p.URL)}
}

// verdict is "verified", or the reason why an image is not, or "undecided".
func (p *process) verdict(t *testing.T, image rig.Image) string {
	t.Helper()
	answer := rig.Must(p.asker.Validate(t.Context(), image.Pinned()))(t)
	item, ok := answer.Items[image.Pinned()]
	if !ok {
		t.Log(answer.SystemError)
		return "undecided"
	}
	if value, ok := item.Value.(map[string]any); ok && item.Error == "" && value["verified"] == true {
		return "verified"
	}
	reason, _, _ := strings.Cut(item.Error, ":")
	return reason
}

func (p *process) is(t *testing.T, when string, want map[string]rig.Image, reason string) {
	t.Helper()
	for name, image := range want {
		if got := p.verdict(t, image); got != reason {
			t.Errorf("%s: %s is %s, want %s", when, name, got, reason)
		}
	}
}

func TestTheConfigMapIsWhatTheServerTrusts(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	r := w.Registry(rig.RegistryOptions{})
	good, stranger := w.PushImage(r, "production/good", "1.0"), w.PushImage(r, "production/stranger", "1.0")
	elsewhere := w.PushImage(r, "elsewhere/good", "1.0")
	for _, image := range []rig.Image{good, elsewhere} {
		w.Sign(image, rig.Signature{By: c.identity("signer/1")})
	}
	w.Sign(stranger, rig.Signature{})
	c.run("bundle", "--scope", r.Scope("production/*"), "--kubernetes", "--out", "trust")
	v := volume{t, t.TempDir()}
	v.mount(c.path("trust"))
	p := serve(t, w, v, func(o *config.Config) { o.Egress.Allow = []string{c.host()} }, r)
	p.is(t, "in scope", map[string]rig.Image{"ours": good}, "verified")
	p.is(t, "in scope", map[string]rig.Image{"a stranger's": stranger}, "untrusted")
	p.is(t, "out of scope", map[string]rig.Image{"ours": elsewhere}, "out-of-scope")
}
