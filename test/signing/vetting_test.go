package signing_test

import (
	"os"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// platform is an office with a PKI whose lists are published, and two registries: SKAO's, and the one that images are mirrored
// from. The commands of the presets' READMEs are followed there.
func platform(t *testing.T, w *rig.Test, harbor, hub *rig.Registry) (*office, *pkiUser) {
	t.Helper()
	for _, name := range []string{"notation-pki", "notation", "oras"} {
		rig.Must(binaries.Command(name))(t)
	}
	o := newOffice(t, w, harbor)
	o.put("registry.pem", string(harbor.CAPEM())+string(hub.CAPEM()))
	c := newCA(t)
	c.dir, c.url = o.at, o.places.Replace("http://pki.skao.int")
	c.write("pass", passphrase+"\n")
	c.chain()
	c.published.Range(func(path, list any) bool {
		o.put("web"+path.(string), string(list.([]byte))) //nolint:forcetypeassert // as publish puts it there
		return true
	})
	return o, c
}

// vetting is what the preset's README has people do.
type vetting struct {
	once, mirror, notation string
	withdrawal             string // the parameter, indented as in the constraint
}

// vettingOf reads it, with a host in the place of Docker Hub.
func vettingOf(t *testing.T, path, hub string) vetting {
	t.Helper()
	for _, c := range chapters(t, path) {
		if c.title != "Vet an image" {
			continue
		}
		once, rest, mirrors := strings.Cut(strings.ReplaceAll(c.commands, "docker.io", hub), "oras copy ")
		mirror, notation, signs := strings.Cut(rest, "notation sign ")
		if !mirrors || !signs {
			t.Fatalf("%s: no command mirrors, or none of notation signs", path)
		}
		how := vetting{once: once, mirror: "oras copy " + mirror, notation: "notation sign " + notation}
		for line := range strings.Lines(c.pipeline) {
			how.withdrawal += "    " + line
		}
		return how
	}
	t.Fatalf("%s has no chapter that tells how to vet an image", path)
	return vetting{}
}

func withMetadata(image rig.Image, vetted string) *ocispec.Descriptor {
	target := image.Descriptor
	target.Annotations = map[string]string{"vetted": vetted}
	return &target
}

// What the preset's README says works as written. What is vetted by it is admitted, until it lapses or is withdrawn, and
// nothing else below the mirror's path is.
func TestVettingByTheReadme(t *testing.T) {
	w := rig.ForTest(t)
	harbor, hub := w.Registry(rig.RegistryOptions{}), w.Registry(rig.RegistryOptions{})
	w.PushImage(hub, "library/postgres", "16")
	o, c := platform(t, w, harbor, hub)
	const folder = "../../policies/presets/skao/"
	how := vettingOf(t, folder+"tomorrow/README.md", hub.Host)
	o.follow("once", how.once)

	v := volume{t, t.TempDir()}
	v.mount(c.path("trust-with-vetting"))
	p := serve(t, w, v, func(o *config.Config) {
		o.Egress.Allow, o.Cache.Refused = []string{c.host()}, config.Duration(1)
	}, harbor)
	constraint := o.placed(string(rig.Must(os.ReadFile(folder + "tomorrow/constraint.yaml"))(t)))
	constraint = strings.Replace(constraint, "enforcementAction: dryrun", "enforcementAction: deny", 1)
	e := rig.Must(admission.Open(t.Context(), w.Env, t.TempDir(), p.URL, 5, constraint))(t)
	t.Cleanup(e.Close)

	vetted := harbor.Host + "/mirror/postgres:16"
	decides(t, e, map[string]reviewed{"before it is there": {"", []string{vetted}, "not-found"}})
	said := o.follow("mirror and sign", how.mirror)
	if !strings.Contains(said, "vetted=SEC-142") || !strings.Contains(said, "CN=SKAO Vetting") {
		t.Errorf("the list does not show who vetted it: %s", said)
	}
	byPipeline := w.PushImage(harbor, "mirror/redis", "7")
	w.Sign(byPipeline, rig.Signature{By: c.identity("signer/1")})
	claimed := w.PushImage(harbor, "mirror/nginx", "1")
	w.Sign(claimed, rig.Signature{By: c.identity("signer/1"), Target: withMetadata(claimed, "SEC-142")})
	unticketed := w.PushImage(harbor, "mirror/grafana", "1")
	w.Sign(unticketed, rig.Signature{By: c.identity("vetting/1")})
	ours := w.PushImage(harbor, "production/app", "1")
	w.Sign(ours, rig.Signature{By: c.identity("signer/1")})
	decides(t, e, map[string]reviewed{
		"vetted, and ours":           {"", []string{ours.Tagged()}, ""},
		"signed by the pipeline":     {"", []string{byPipeline.Tagged()}, "lacks the metadata vetted=SEC-*"},
		"claimed by the pipeline":    {"", []string{claimed.Tagged()}, "CN=SKAO Vetting; it has CN=SKAO OCI Signer"},
		"vetted, and without ticket": {"", []string{unticketed.Tagged()}, "lacks the metadata vetted=SEC-*"},
		"not mirrored":               {"", []string{"docker.io/library/postgres:16"}, "out-of-scope"},
	})
	again := rig.Must(admission.Open(t.Context(), w.Env, t.TempDir(), p.URL, 5, constraint))(t) // remembers no answer
	t.Cleanup(again.Close)
	decides(t, again, map[string]reviewed{"vetted": {"databases", []string{vetted}, ""}})

	withdrawn := strings.Replace(constraint, "    requireMetadata:\n", o.placed(how.withdrawal), 1)
	if err := again.Load(t.Context(), rig.Must(admission.Read(withdrawn))(t)); err != nil {
		t.Fatal(err)
	}
	decides(t, again, map[string]reviewed{"withdrawn": {"databases", []string{vetted}, "lacks the metadata vetted=SEC-201; it has vetted=SEC-142"}})

	// The signature's end is what the README says, and denies.
	brief := w.PushImage(hub, "library/brief", "16")
	o.follow("lapse", strings.NewReplacer("/postgres:", "/brief:", "90d", "5s").Replace(how.mirror))
	brief.Registry, brief.Repository = harbor, "mirror/brief" // the copy
	rig.Until(t, "the signature has lapsed", func() bool { return p.verdict(t, brief) == "expired" })

	// The notation command signs the same.
	o.follow("notation's key", "notation-pki bundle --scope '*' --tsa DigiCertTrustedRootG4.crt.pem --signer vetting --out ~/.config/notation")
	w.PushImage(hub, "library/other", "16")
	o.follow("by notation", "oras copy "+hub.Host+"/library/other:16 harbor.skao.int/mirror/other:16\n"+strings.ReplaceAll(how.notation, "/postgres:", "/other:"))
	decides(t, e, map[string]reviewed{"vetted by notation": {"", []string{harbor.Host + "/mirror/other:16"}, ""}})
}
