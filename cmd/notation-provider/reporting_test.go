package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// scene is a world with a registry, a configuration that trusts the world's CA for it, and pods.
type scene struct {
	*rig.Test

	registry *rig.Registry
	dir      string
	pods     []map[string]any
}

func newScene(t *testing.T) *scene {
	t.Helper()
	c := &scene{Test: rig.ForTest(t), dir: t.TempDir()}
	c.registry = c.Registry(rig.RegistryOptions{Kind: rig.API})
	if err := c.Env.Trust(c.registry.Scope("*")).Write(c.dir); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, text string }{
		{"registry.pem", string(c.registry.CAPEM())},
		{"config.yaml", fmt.Sprintf("registries: [{host: %q, caFile: registry.pem}]\n", c.registry.Host)},
	} {
		if err := os.WriteFile(filepath.Join(c.dir, tc.name), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// runs adds a pod in the namespace tango.
func (c *scene) runs(name, image, digest string) {
	pod := map[string]any{
		"kind": "Pod", "metadata": map[string]any{"name": name, "namespace": "tango"},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "main", "image": image}}},
	}
	if digest != "" {
		pod["status"] = map[string]any{"containerStatuses": []any{map[string]any{"name": "main", "imageID": "x@" + digest}}}
	}
	c.pods = append(c.pods, pod)
}

// report runs the command on the pods.
func (c *scene) report(t *testing.T, args ...string) (code int, made reports.Report, stderr string) {
	t.Helper()
	list, err := json.Marshal(map[string]any{"items": c.pods})
	if err != nil {
		t.Fatal(err)
	}
	root := newRoot()
	root.SetIn(bytes.NewReader(list))
	root.SetArgs(append([]string{"report", "--config", filepath.Join(c.dir, "config.yaml"), "-o", "json", "-"}, args...))
	var out, complaints bytes.Buffer
	code = cli.Run(t.Context(), root, &out, &complaints)
	if err := json.Unmarshal(out.Bytes(), &made); err != nil {
		t.Fatalf("%v: %s%s", err, &out, &complaints)
	}
	return code, made, complaints.String()
}

// byImage are the images of a report by the ends of their names.
func byImage(t *testing.T, made reports.Report, end string) reports.Image {
	t.Helper()
	for _, i := range made.Images {
		if strings.HasSuffix(i.Image, end) {
			return i
		}
	}
	t.Fatalf("no %s in %+v", end, made.Images)
	return reports.Image{}
}

// A report on real images says why each is trusted and what ends it, and its exit code is that of the worst.
func TestAReportOnRealImages(t *testing.T) {
	c := newScene(t)
	soon := c.NewSigner(c.SKAO, ca.Options{NotAfter: time.Now().AddDate(0, 0, 20)})
	signed, lapsing := c.PushImage(c.registry, "production/signed", "1"), c.PushImage(c.registry, "production/lapsing", "1")
	c.Sign(signed, rig.Signature{})
	c.Sign(lapsing, rig.Signature{By: soon})
	c.runs("a", signed.Tagged(), signed.Descriptor.Digest.String())
	c.runs("b", lapsing.Pinned(), "")
	if code, made, stderr := c.report(t, "--fail-within", "10d"); code != 0 || made.Summary.Verified != 2 || stderr != "" {
		t.Errorf("exit code %d, %+v, %s", code, made.Summary, stderr)
	}
	code, made, _ := c.report(t, "--fail-within", "30d", "--concurrency", "2")
	if i := byImage(t, made, lapsing.Pinned()); code != exitSoon || i.Lapse == nil || i.Lapse.By != provider.LapseSigner || !i.Lapse.At.Equal(soon.Cert.NotAfter) || !i.Soon(made.SoonUntil) {
		t.Errorf("exit code %d, lapse %+v", code, i.Lapse)
	}
	if i := byImage(t, made, signed.Tagged()); i.Outcome != reports.Verified || i.Signer == "" || i.SignedAt == nil || i.Policy == "" || i.Moved() || i.Digest != signed.Descriptor.Digest.String() {
		t.Errorf("%+v", i)
	}
	unsigned := c.PushImage(c.registry, "production/unsigned", "1")
	c.runs("c", unsigned.Tagged(), "")
	if code, made, _ := c.report(t); code != exitRefused || byImage(t, made, unsigned.Tagged()).Reason != provider.Unsigned {
		t.Errorf("exit code %d, %+v", code, made.Images)
	}
}

// The verdict is about what runs, and not about what the tag stands for now.
func TestATagThatMovedIsReported(t *testing.T) {
	c := newScene(t)
	good, bad := c.PushImage(c.registry, "production/good", "1"), c.PushImage(c.registry, "production/bad", "1")
	c.Sign(good, rig.Signature{})
	c.runs("good", good.Tagged(), good.Descriptor.Digest.String())
	c.runs("bad", bad.Tagged(), bad.Descriptor.Digest.String())
	c.PushImage(c.registry, "production/good", "1")
	c.Sign(c.PushImage(c.registry, "production/bad", "1"), rig.Signature{})
	code, made, _ := c.report(t)
	if i := byImage(t, made, good.Tagged()); i.Outcome != reports.Verified || !i.Moved() || i.Tag.Reason != provider.Unsigned {
		t.Errorf("the signed one runs: %+v, tag %+v", i.Verdict, i.Tag)
	}
	if i := byImage(t, made, bad.Tagged()); i.Outcome != reports.Refused || !i.Moved() || i.Tag.Outcome != reports.Verified {
		t.Errorf("the unsigned one runs: %+v, tag %+v", i.Verdict, i.Tag)
	}
	if code != exitRefused || made.Summary.Moved != 2 || len(made.Notes) != 1 {
		t.Errorf("exit code %d, %+v, %q", code, made.Summary, made.Notes)
	}
}

// wants adds a constraint that wants metadata of all images.
func (c *scene) wants(key, value string) {
	c.pods = append(c.pods, map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages", "metadata": map[string]any{"name": "vetted"},
		"spec": map[string]any{"parameters": map[string]any{
			"provider": "notation-provider", "requireMetadata": []any{map[string]any{"images": []any{"*"}, "metadata": map[string]any{key: value}}},
		}},
	})
}

// A constraint's metadata decides: which signature counts, when it lapses, and with that the exit code.
func TestAReportAsksForAConstraintsMetadata(t *testing.T) {
	c := newScene(t)
	vetted, plain := c.PushImage(c.registry, "production/vetted", "1"), c.PushImage(c.registry, "production/plain", "1")
	c.Sign(plain, rig.Signature{})
	c.Sign(vetted, rig.Signature{})
	noted := vetted.Descriptor
	noted.Annotations = map[string]string{"vetted": "SEC-142"}
	soon := c.NewSigner(c.SKAO, ca.Options{NotAfter: time.Now().AddDate(0, 0, 20)})
	c.Sign(vetted, rig.Signature{By: soon, Target: &noted})
	c.runs("a", vetted.Tagged(), vetted.Descriptor.Digest.String())
	c.wants("vetted", "SEC-*")
	code, made, _ := c.report(t, "--fail-within", "30d")
	if i := byImage(t, made, vetted.Tagged()); code != exitSoon || i.Constraint != "vetted" || i.Question != vetted.Pinned()+"?metadata.vetted=SEC-%2A" || !i.Lapse.At.Equal(soon.Cert.NotAfter) {
		t.Errorf("exit code %d, constraint %q, question %q, lapse %+v", code, i.Constraint, i.Question, i.Lapse)
	}
	c.runs("b", plain.Pinned(), "")
	code, made, _ = c.report(t, "--fail-within", "30d")
	if i := byImage(t, made, plain.Pinned()); code != exitRefused || i.Reason != provider.Untrusted || !strings.HasPrefix(i.Detail, provider.DetailNoMetadata) {
		t.Errorf("exit code %d, %+v", code, i.Verdict)
	}
}

// The CronJob that people copy calls the command as it is.
func TestTheCronJobsCommandParses(t *testing.T) {
	text, err := os.ReadFile("../../charts/notation-provider/examples/report/report.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`command: \[/notation-provider, (.*)\]`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the CronJob does not call notation-provider")
	}
	verb, args, err := newRoot().Find(strings.Split(string(line[1]), ", "))
	if err != nil || verb.Name() != "report" {
		t.Fatal(verb, err)
	}
	if err := verb.ParseFlags(args); err != nil {
		t.Error(err)
	}
	if files := verb.Flags().Args(); len(files) > 0 || verb.Flags().Lookup("cluster").Value.String() != "true" {
		t.Errorf("files %q", files)
	}
}
