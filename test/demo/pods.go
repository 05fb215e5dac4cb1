package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
)

// constraint governs every image. Third-party ones are vetted, each for a time.
const constraint = `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: only-vetted-and-signed}
spec:
  parameters:
    provider: notation-provider
    images: ["*"]
    exceptions:
      - {image: docker.io/library/postgres, reason: "SEC-142: vetted by the platform team", expires: %q}
      - {image: docker.io/grafana/*, reason: "SEC-97: vetted by the platform team", expires: %q}
    support: https://help.example/images
`

// object is what somebody applies, and what must come of it.
type object struct {
	manifest string
	admitted bool
	says     string // part of the message to the one who is denied
}

func (s *stage) objects() []object {
	h, n := s.harbor.Host, s.nexus.Host
	return []object{
		{admitted: true, manifest: `
apiVersion: v1
kind: Pod
metadata: {name: tango}
spec:
  containers:
  - {name: server, image: ` + h + `/production/ska-tango:1.2}
  - {name: archive, image: ` + n + `/legacy/ska-oso:0.4}
  - {name: database, image: "postgres:16"}`},
		{says: "unsigned", manifest: `
apiVersion: apps/v1
kind: Deployment
metadata: {name: correlator}
spec:
  template:
    spec:
      initContainers:
      - {name: migrate, image: ` + h + `/production/ska-new:0.1}
      containers:
      - {name: server, image: ` + h + `/production/ska-cbf:3.0}`},
		{says: "revoked", manifest: `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - {name: report, image: ` + h + `/production/ska-leak:7}`},
		{says: "SEC-97", manifest: `
apiVersion: v1
kind: Pod
metadata: {name: dashboards}
spec:
  containers:
  - {name: grafana, image: "grafana/grafana:11.2.0"}`},
	}
}

// decision is what policytest prints about an object.
type decision struct {
	Object     struct{ Name string }
	Decision   string
	Violations []struct{ Msg string }
}

// admit has policytest decide on the objects, with Gatekeeper's own engine, which asks the server, and shows what a
// person who applies them would see.
func (s *stage) admit(ctx context.Context, out io.Writer, policytest, url string) error {
	dir := filepath.Join(s.world.Dir, "pods")
	if err := s.write(dir); err != nil {
		return err
	}
	args := []string{
		"eval", "-f", "policies/signedimages/template.yaml", "-f", filepath.Join(dir, "constraint.yaml"), "-f", filepath.Join(dir, "objects.yaml"),
		"--provider", "notation-provider=" + url + "/validate",
		"--ca", filepath.Join(dir, "ca.crt"), "--cert", filepath.Join(dir, "gatekeeper.crt"), "--key", filepath.Join(dir, "gatekeeper.key"),
	}
	fmt.Fprintf(out, "    $ policytest %s\n", strings.ReplaceAll(strings.Join(args, " "), dir+"/", ""))
	command := exec.CommandContext(ctx, policytest, append(args, "-o", "json")...)
	var complaints strings.Builder
	command.Stderr = &complaints
	said, err := command.Output()
	var decisions []decision
	if bad := json.Unmarshal(said, &decisions); bad != nil { // it exits with 1 when something is denied
		return fmt.Errorf("policytest eval: %w: %s", errors.Join(err, bad), complaints.String())
	}
	return tell(out, s.objects(), decisions)
}

// write writes what policytest reads: the constraint, the objects, and who Gatekeeper is.
func (s *stage) write(dir string) error {
	key, err := ca.EncodeKey(s.world.ClientCert.Key)
	if err != nil {
		return err
	}
	var manifests []string
	for _, o := range s.objects() {
		manifests = append(manifests, o.manifest)
	}
	in, ago := time.Now().AddDate(0, 3, 0).Format(time.DateOnly), time.Now().AddDate(0, 0, -12).Format(time.DateOnly)
	err = os.MkdirAll(dir, 0o750)
	for name, content := range map[string][]byte{
		"constraint.yaml": fmt.Appendf(nil, constraint, in, ago),
		"objects.yaml":    []byte(strings.Join(manifests, "\n---")),
		"ca.crt":          ca.EncodeCertificates(s.world.ServerCA.Cert),
		"gatekeeper.crt":  ca.EncodeCertificates(s.world.ClientCert.Chain...),
		"gatekeeper.key":  key,
	} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return err
}

// tell shows each object with the decision on it, and fails unless all are right.
func tell(out io.Writer, objects []object, decisions []decision) error {
	if len(decisions) != len(objects) {
		return fmt.Errorf("%d decisions on %d objects", len(decisions), len(objects))
	}
	for i, o := range objects {
		d, messages := decisions[i], ""
		fmt.Fprintf(out, "%s\n\n", strings.ReplaceAll(o.manifest, "\n", "\n    "))
		for _, v := range d.Violations {
			fmt.Fprintf(out, "  ✗ DENIED  %s\n", v.Msg)
			messages += v.Msg + "\n"
		}
		if d.Decision == "ADMITTED" {
			fmt.Fprintf(out, "  ✓ ADMITTED\n")
		}
		if o.admitted != (d.Decision == "ADMITTED") || o.admitted != (messages == "") || !strings.Contains(messages, o.says) {
			return fmt.Errorf("%s: not as it should be (%s, about %q)", d.Object.Name, d.Decision, o.says)
		}
	}
	return nil
}
