package signing_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/provider/pki"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

func TestThePresetForTodayDecidesByTheTrustThatItsReadmeMakes(t *testing.T) {
	const preset = "../../policies/presets/skao/today/"
	c := newCA(t)
	c.chain()
	w := rig.ForTest(t)
	harbor, nexus := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{Kind: rig.Tag})
	hosts := strings.NewReplacer("harbor.skao.int", harbor.Host, "artefact.skao.int", nexus.Host)
	c.write("DigiCertTrustedRootG4.crt.pem", string(pki.EncodeCertificates(w.TSA.Root())))
	if _, err := workshop.Command("notation-pki"); err != nil {
		t.Fatal(err)
	}
	for _, part := range chapters(t, preset+"README.md") {
		if part.commands == "" {
			continue
		}
		run := exec.CommandContext(t.Context(), "bash", "-eu", "-c", hosts.Replace(part.commands))
		run.Dir, run.Env = c.dir, append(os.Environ(), "PATH="+workshop.Dir+":"+os.Getenv("PATH"))
		if said, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", part.commands, err, said)
		}
	}
	v := volume{t, t.TempDir()}
	v.mount(c.path("trust"))
	p := serve(t, w, v, func(o *config.Config) { o.Egress.Allow = []string{c.host()} }, harbor, nexus)

	constraint := hosts.Replace(string(must[[]byte](t)(os.ReadFile(preset + "constraint.yaml"))))
	constraint = strings.Replace(constraint, "enforcementAction: dryrun", "enforcementAction: deny", 1)
	e := must[*engine.Engine](t)(admission.Open(t.Context(), w.World, t.TempDir(), p.URL, 5, constraint))
	t.Cleanup(e.Close)

	signer := rig.Signature{By: c.identity("signer/1")}
	ours, older := w.PushImage(harbor, "production/app", "1"), w.PushImage(nexus, "app", "1")
	w.Sign(ours, signer)
	w.Sign(older, signer)
	unsigned, stranger := w.PushImage(harbor, "production/new", "1"), w.PushImage(nexus, "strange", "1")
	w.Sign(stranger, rig.Signature{})
	for name, pod := range map[string]struct {
		images []string
		says   string
	}{
		"signed, and somebody else's": {[]string{ours.Tagged(), older.Tagged(), "docker.io/library/postgres:16"}, ""},
		"not signed":                  {[]string{ours.Tagged(), unsigned.Tagged()}, "unsigned"},
		"signed by a stranger":        {[]string{ours.Tagged(), stranger.Tagged()}, "untrusted"},
	} {
		violations, err := e.Review(t.Context(), admission.Pod("pod", pod.images...))
		if err != nil || engine.Denied(violations) != (pod.says != "") || pod.says != "" && !strings.Contains(violations[0].Msg, pod.says) {
			t.Errorf("%s: %+v, %v", name, violations, err)
		}
	}
}
