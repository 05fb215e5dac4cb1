package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// examplesConstraint is for the examples of eval. Its exception outlives the day that --as-of names.
const examplesConstraint = `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: signed}
spec:
  parameters:
    provider: notation-provider
    exceptions: [{image: docker.io/library/postgres, reason: "SEC-1: vetted", expires: "2099-12-31"}]
`

// examplesPods is what kubectl prints in the examples.
const examplesPods = `
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a}, spec: {containers: [{name: c, image: "registry.example/app:1"}]}}
  - {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: a}, spec: {containers: [{name: c, image: "postgres:16"}]}}
`

// examplesTest takes the place of the policy's tests in Rego, which make objects of hundreds of images; make test runs them.
const examplesTest = `
package signedimages_test

import data.signedimages

test_an_image_is_denied if count(signedimages.violation) == 1 with input as {"review": {
	"kind": {"kind": "Pod"}, "operation": "CREATE",
	"object": {"spec": {"containers": [{"name": "c", "image": "registry.example/app:1"}]}},
}}
`

// examplesSuite takes the place of the policy's suite, of which the README of policies runs each case. It has what the examples
// name: a test that is called own, and cases of a provider that is down.
const examplesSuite = `
kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
tests:
  - name: own
    template: template.yaml
    constraint: samples/own/constraint.yaml
    cases:
      - {name: a verified image is admitted, object: samples/own/verified.yaml, assertions: [{violations: no}]}
      - {name: the provider is down, object: samples/own/verified.yaml, assertions: [{violations: 1}]}
  - name: vetted
    template: template.yaml
    constraint: samples/own/constraint.yaml
    cases:
      - {name: an image of others is not governed, object: samples/own/not-governed.yaml, assertions: [{violations: no}]}
`

// examplesVerdicts is what the provider answers in that suite.
const examplesVerdicts = `
providers: {notation-provider: {answers: {"harbor.skao.int/production/tango:1": verified}}}
scenes: {the provider is down: {notation-provider: {default: unreachable}}}
`

// Every example in the help runs as it is printed, in the order of the help, and ends with 0. Only the address of the live
// provider is another.
func TestHelpExamples(t *testing.T) {
	l := newLive(t)
	dir := t.TempDir()
	suite := filepath.Join(dir, "suite")
	if err := errors.Join(
		os.CopyFS(suite, os.DirFS(l.dir)),
		os.CopyFS(filepath.Join(dir, "policies"), os.DirFS("../../policies")),
	); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ flag, name string }{{"--ca", "ca.crt"}, {"--cert", "tls.crt"}, {"--key", "tls.key"}} {
		write(t, dir, tc.name, read(t, l.flag(tc.flag)))
	}
	signed := filepath.Join(dir, "policies", "signedimages")
	write(t, signed, "policy_test.rego", examplesTest)
	write(t, signed, "suite.yaml", examplesSuite)
	write(t, signed, "verdicts.yaml", examplesVerdicts)
	write(t, dir, "constraint.yaml", examplesConstraint)
	write(t, dir, "verdicts.yaml", "providers: {notation-provider: {answers: {registry.example/app:1: verified}}}")
	write(t, dir, "deployment.yaml", read(t, filepath.Join(l.dir, "signed.yaml")))
	write(t, dir, "pods-of-the-cluster.yaml", examplesPods)
	script := "kubectl() { cat pods-of-the-cluster.yaml; }\nset -x\n"
	for _, verb := range []*cobra.Command{newNew(), newGenerate(), newSuites(), newEval()} {
		script += verb.Example + "\n"
	}
	script = strings.ReplaceAll(script, "notation-provider=https://127.0.0.1:8443/validate", l.flag("--provider"))
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
