package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
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

// admit brings objects before Gatekeeper's engine, which asks the server, and shows
// what whoever applies them would see.
func (s *stage) admit(ctx context.Context, out io.Writer, url string) error {
	in, ago := time.Now().AddDate(0, 3, 0), time.Now().AddDate(0, 0, -12)
	e, err := admission.Open(ctx, s.world, s.world.Dir, url, 2, fmt.Sprintf(constraint, in.Format(time.DateOnly), ago.Format(time.DateOnly)))
	if err != nil {
		return err
	}
	defer e.Close()
	for _, o := range s.objects() {
		if err := o.apply(ctx, out, e); err != nil {
			return err
		}
	}
	return nil
}

func (o object) apply(ctx context.Context, out io.Writer, e *engine.Engine) error {
	manifest, err := admission.Read(o.manifest)
	if err != nil {
		return err
	}
	violations, err := e.Review(ctx, manifest)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n\n", indent(o.manifest, "    "))
	if !engine.Denied(violations) {
		fmt.Fprintf(out, "  ✓ ADMITTED\n")
		return check(o, manifest.GetName(), "")
	}
	var messages []string
	for _, v := range violations {
		fmt.Fprintf(out, "  ✗ DENIED  %s\n", v.Msg)
		messages = append(messages, v.Msg)
	}
	return check(o, manifest.GetName(), strings.Join(messages, "\n"))
}

// check fails unless the decision is the right one, for the right reason.
func check(o object, name, messages string) error {
	if o.admitted != (messages == "") || !strings.Contains(messages, o.says) {
		return fmt.Errorf("%s: not as it should be (admitted: %t, about %q)", name, o.admitted, o.says)
	}
	return nil
}

func indent(text, by string) string {
	return strings.ReplaceAll(text, "\n", "\n"+by)
}
