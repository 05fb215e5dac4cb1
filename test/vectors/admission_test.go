package vectors_test

import (
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/vectors"
)

// everything is the constraint that governs every image and excepts none.
const everything = `
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata: {name: everything-is-signed}
spec:
  parameters: {provider: notation-provider, images: ["*"], support: "https://help.example"}
`

// admissionRung brings the image in a pod before Gatekeeper's engine, which asks the
// real server and decides by the real policy.
type admissionRung struct {
	*wireRung
	engine *engine.Engine
}

func (p *servers) atAdmission(t *testing.T, s *vectors.Scene, questions []vectors.Question) rung {
	t.Helper()
	on := p.of(t, s, questions)
	return &admissionRung{wireRung: &wireRung{scene: s, asker: on.asker}, engine: on.engine}
}

func (r *admissionRung) ask(t *testing.T, q vectors.Question) {
	t.Helper()
	r.decide(t, q, q.Admission == "admit", q.Expect)
}

func (r *admissionRung) mended(t *testing.T, q vectors.Question) {
	t.Helper()
	r.wireRung.mended(t, q) // until it is settled
	r.decide(t, q, q.Mended.Reason == provider.Verified, q.Mended)
}

// decide reviews a pod. A denial must say why.
func (r *admissionRung) decide(t *testing.T, q vectors.Question, admit bool, expect vectors.Outcome) {
	t.Helper()
	defer r.require(t, q.Require)()
	violations, err := r.engine.Review(t.Context(), admission.Pod("app", q.Image))
	if err != nil {
		t.Fatalf("%q: %v", short(q.Key), err)
	}
	if engine.Denied(violations) == admit {
		t.Fatalf("%q: violations %+v; want admitted: %t", short(q.Key), violations, admit)
	}
	if admit {
		return
	}
	why := string(expect.Reason)
	if expect.Cause != "" {
		why = "undecided"
	}
	for _, v := range violations {
		if !strings.Contains(v.Msg, why) || !strings.Contains(v.Msg, "https://help.example") || strings.ContainsAny(v.Msg, "\n\r") {
			t.Errorf("%q: the message lacks %q or the way to help, or is not one line: %s", short(q.Key), why, v.Msg)
		}
	}
}

// require has the constraint ask for what a case requires, until the function that it returns is called.
func (r *admissionRung) require(t *testing.T, what vectors.Require) (undo func()) {
	t.Helper()
	if len(what.Metadata)+len(what.Signer) == 0 {
		return func() {}
	}
	load := func(text string) {
		object, err := admission.Read(text)
		if err == nil {
			err = r.engine.Load(t.Context(), object)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := what.Constraint("everything-is-signed", admission.ProviderName, "https://help.example")
	if err != nil {
		t.Fatal(err)
	}
	load(text)
	return func() { load(everything) }
}
