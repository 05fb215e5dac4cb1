package admission_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/policies"
	"gitlab.com/ska-telescope/notation-provider/provider/config"
	"gitlab.com/ska-telescope/notation-provider/test/admission"
	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// another is the template of signed images under another name, as another team would
// bring one, with a constraint. The engine asks for each template by itself.
func another(t *testing.T, kind string) []string {
	t.Helper()
	text, err := policies.Templates.ReadFile("signedimages/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template := strings.ReplaceAll(strings.ReplaceAll(string(text), "SignedImages", kind), "signedimages", strings.ToLower(kind))
	return []string{template, strings.ReplaceAll(signed(0), "SignedImages", kind)}
}

// The webhook has one deadline for all constraints, and they are evaluated one after the
// other. Only the first waits for an image whose registry hangs.
func TestManyConstraintsWaitOnce(t *testing.T) {
	const answerWithin = time.Second
	w := newWorld(t, func(c *config.Config) { c.AnswerWithin = config.Duration(answerWithin) })
	objects := append([]string{signed(0)}, append(another(t, "SecondImages"), another(t, "ThirdImages")...)...)
	e := w.open(t, objects...)
	defer w.registry.Inject(rig.Match{}, rig.Hang())()
	began := time.Now()
	violations, err := e.Review(t.Context(), admission.Pod("pod", w.good[0]))
	took := time.Since(began)
	if err != nil || !engine.Denied(violations) || len(violations) != 3 {
		t.Errorf("%d violations, %v; want the three constraints to deny", len(violations), err)
	}
	for _, v := range violations {
		if !strings.Contains(v.Msg, "deadline") {
			t.Errorf("the message is %q; want it to say that the image is undecided", v.Msg)
		}
	}
	if took < answerWithin || took > 2*answerWithin {
		t.Errorf("three constraints took %v; want about %v, as one does", took, answerWithin)
	}
}
