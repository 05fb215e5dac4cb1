package signing_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// preset is the engine with a preset that denies, and the real server with the trust that the preset's README makes. The
// hosts stand for those that it names.
func preset(t *testing.T, c *pkiUser, w *rig.Test, folder string, hosts *strings.Replacer, registries ...*rig.Registry) *engine.Engine {
	t.Helper()
	c.write("DigiCertTrustedRootG4.crt.pem", string(ca.EncodeCertificates(w.TSA.Root())))
	if _, err := binaries.Command("notation-pki"); err != nil {
		t.Fatal(err)
	}
	for _, part := range chapters(t, folder+"README.md") {
		if part.commands == "" {
			continue
		}
		run := exec.CommandContext(t.Context(), "bash", "-eu", "-c", hosts.Replace(part.commands))
		run.Dir, run.Env = c.dir, append(os.Environ(), "PATH="+binaries.Dir+":"+os.Getenv("PATH"))
		if said, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", part.commands, err, said)
		}
	}
	v := volume{t, t.TempDir()}
	v.mount(c.path("trust"))
	p := serve(t, w, v, func(o *config.Config) { o.Egress.Allow = []string{c.host()} }, registries...)

	constraint := hosts.Replace(string(rig.Must(os.ReadFile(folder + "constraint.yaml"))(t)))
	constraint = strings.Replace(constraint, "enforcementAction: dryrun", "enforcementAction: deny", 1)
	e := rig.Must(admission.Open(t.Context(), w.Env, t.TempDir(), p.URL, 5, constraint))(t)
	t.Cleanup(e.Close)
	return e
}

// reviewed is a pod, and what its denial says; empty: it is admitted.
type reviewed struct {
	namespace string
	images    []string
	says      string
}

func decides(t *testing.T, e *engine.Engine, pods map[string]reviewed) {
	t.Helper()
	for name, pod := range pods {
		object := admission.Pod("pod", pod.images...)
		if pod.namespace != "" {
			object.SetNamespace(pod.namespace)
		}
		violations, err := e.Review(t.Context(), object)
		if err != nil || engine.Denied(violations) != (pod.says != "") || pod.says != "" && !strings.Contains(violations[0].Msg, pod.says) {
			t.Errorf("%s: %+v, %v", name, violations, err)
		}
	}
}

// The preset decides by the trust that its README makes.
func TestPresetWithTheTrustOfItsReadme(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	harbor, nexus := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	hosts := strings.NewReplacer("harbor.skao.int", harbor.Host, "artefact.skao.int", nexus.Host)
	e := preset(t, c, w, "../../policies/presets/skao/today/", hosts, harbor, nexus)

	signer := rig.Signature{By: c.identity("signer/1")}
	ours, older := w.PushImage(harbor, "production/app", "1"), w.PushImage(nexus, "app", "1")
	w.Sign(ours, signer)
	w.Sign(older, signer)
	unsigned, stranger := w.PushImage(harbor, "production/new", "1"), w.PushImage(nexus, "strange", "1")
	w.Sign(stranger, rig.Signature{})
	decides(t, e, map[string]reviewed{
		"signed, and another's": {"", []string{ours.Tagged(), older.Tagged(), "docker.io/library/postgres:16"}, ""},
		"not signed":            {"", []string{ours.Tagged(), unsigned.Tagged()}, "unsigned"},
		"signed by a stranger":  {"", []string{ours.Tagged(), stranger.Tagged()}, "untrusted"},
	})
}

func TestTheGenericPresetDecidesByTheTrustOfItsReadme(t *testing.T) {
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	registry := w.Registry(rig.RegistryOptions{})
	e := preset(t, c, w, "../../policies/presets/generic/", strings.NewReplacer("registry.example.org", registry.Host), registry)

	ours, unsigned := w.PushImage(registry, "app", "1"), w.PushImage(registry, "new", "1")
	w.Sign(ours, rig.Signature{By: c.identity("signer/1")})
	const proxy = "registry.k8s.io/kube-proxy:v1.36.3"
	decides(t, e, map[string]reviewed{
		"signed, and excepted there":  {"kube-system", []string{ours.Tagged(), proxy}, ""},
		"excepted in another place":   {"web", []string{ours.Tagged(), proxy}, "out-of-scope"},
		"not signed":                  {"web", []string{ours.Tagged(), unsigned.Tagged()}, "unsigned"},
		"an exception that has ended": {"databases", []string{"docker.io/library/postgres:16"}, "ended on 2026-01-31"},
	})
}
