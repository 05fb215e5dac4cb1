package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-pki/ca"
	"gitlab.com/ska-telescope/notation-provider/test/expect"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// write writes a file below dir, which may be a template for the arguments.
func write(t *testing.T, dir, name, text string, args ...any) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// policytest runs the command in this process and wants an exit code.
func policytest(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(args, &out, &out); got != want {
		t.Errorf("policytest %s: exit code %d, want %d: %s", strings.Join(args, " "), got, want, out.String())
	}
	return out.String()
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in: %s", part, text)
		}
	}
}

const liveSuite = `
kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
tests:
  - name: strict
    template: template.yaml
    constraint: constraint.yaml
    cases:
      - {name: signed, object: signed.yaml, assertions: [{violations: no}]}
      - {name: unsigned, object: unsigned.yaml, assertions: [{violations: 1, message: "not verified: unsigned: "}]}
      - {name: undecided, object: undecided.yaml, assertions: [{violations: 1, message: "not verified: undecided: .*: registry: "}]}
      - {name: all of them, object: all.yaml, assertions: [{violations: 2}]}
      - {name: no image, object: none.yaml, assertions: [{violations: 1, message: "not verified: malformed: "}]}
`

const liveConstraint = `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: StrictSigned
metadata: {name: signed}
spec: {parameters: {provider: notation-provider}}
`

const livePod = `
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: default}
spec: {containers: [{name: c, image: %q}]}
`

// live is a suite, and a real server that is asked by it.
type live struct {
	dir, suite, verdicts string
	provider             *rig.Provider
	flags                []string
}

func newLive(t *testing.T) *live {
	t.Helper()
	binary, err := rig.Build(t.Context(), t.TempDir(), "notation-provider")
	if err != nil {
		t.Fatal(err)
	}
	w, dir := rig.ForTest(t), t.TempDir()
	registry := w.Registry(rig.RegistryOptions{})
	signed, unsigned := w.PushImage(registry, "production/signed", "1"), w.PushImage(registry, "production/unsigned", "1")
	undecided := w.PushImage(registry, "production/undecided", "1")
	w.Sign(signed, rig.Signature{})
	registry.Inject(rig.Match{Path: "production/undecided"}, rig.Status(500, nil))
	template, err := os.ReadFile("testdata/templates/strict.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "template.yaml", string(template))
	write(t, dir, "constraint.yaml", liveConstraint)
	write(t, dir, "signed.yaml", livePod, signed.Tagged())
	write(t, dir, "unsigned.yaml", livePod, unsigned.Pinned())
	write(t, dir, "undecided.yaml", livePod, undecided.Tagged())
	write(t, dir, "none.yaml", livePod, "NO IMAGE")
	write(t, dir, "all.yaml", strings.Replace(livePod, "[{", "[{name: a, image: %q}, {name: b, image: %q}, {", 1), signed.Tagged(), unsigned.Pinned(), undecided.Tagged())
	key, err := ca.EncodeKey(w.ClientCert.Key)
	if err != nil {
		t.Fatal(err)
	}
	p := w.Provider(rig.ProviderOptions{Binary: binary, Registries: []*rig.Registry{registry}})
	return &live{
		dir: dir, suite: write(t, dir, "suite.yaml", liveSuite), verdicts: filepath.Join(dir, "verdicts.yaml"), provider: p,
		flags: []string{
			"--provider", "notation-provider=" + p.URL + "/validate",
			"--ca", write(t, t.TempDir(), "ca.crt", string(ca.EncodeCertificates(w.ServerCA.Cert))),
			"--cert", write(t, t.TempDir(), "tls.crt", string(ca.EncodeCertificates(w.ClientCert.Chain...))),
			"--key", write(t, t.TempDir(), "tls.key", string(key)),
		},
	}
}

// flag is the value of a flag.
func (l *live) flag(name string) string { return l.flags[slices.Index(l.flags, name)+1] }

// A suite is run against the real server, and what it answered is replayed.
func TestLiveProviderAndReplay(t *testing.T) {
	l := newLive(t)
	with := func(args ...string) []string { return append(args, l.flags...) }

	wantIn(t, policytest(t, 0, with(l.suite, "-v", "--record", l.verdicts)...), "PASS: all of them")
	wantIn(t, policytest(t, 1, with("eval", "-f", filepath.Join(l.dir, "template.yaml"), "-f", filepath.Join(l.dir, "constraint.yaml"),
		"-f", filepath.Join(l.dir, "signed.yaml"), "-f", filepath.Join(l.dir, "unsigned.yaml"))...), "a: ADMITTED", "a: DENIED", "unsigned: ")
	first := read(t, l.verdicts)
	wantIn(t, first, "verified:", "policy: ", "reason: unsigned", "cause: registry", "reason: malformed")

	without := slices.Clone(l.flags[:4]) // no client certificate
	wantIn(t, policytest(t, 1, append(without, l.suite, "--run", "//^unsigned")...), `provider "notation-provider" did not answer: `)

	if err := l.provider.Kill(); err != nil {
		t.Fatal(err)
	}
	wantIn(t, policytest(t, 0, l.suite, "-v"), "PASS: all of them", "PASS: undecided")
	// Live counts before recorded; and a provider that is down has not refused.
	wantIn(t, policytest(t, 1, with(l.suite, "--run", "//^unsigned")...), `provider "notation-provider" did not answer: `)
	wantIn(t, policytest(t, 1, with(l.suite, "--record", l.verdicts)...), "is not written: no live provider answered")
	if read(t, l.verdicts) != first {
		t.Error("a recording that failed has changed the file")
	}
	write(t, l.dir, "verdicts.yaml", "providers: {p: {default: silent}}\n")
	wantIn(t, policytest(t, 2, with(l.suite, "--record", l.verdicts)...), "was not written by --record, and would be lost")
}

func read(t *testing.T, file string) string {
	t.Helper()
	return string(expect.Must(os.ReadFile(file))(t))
}
