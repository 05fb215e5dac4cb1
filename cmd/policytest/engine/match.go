package engine

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/frameworks/constraint/pkg/core/constraints"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Judgement is what the constraints make of an object.
type Judgement struct {
	Violations []Violation

	// Matched are the constraints that judged the object, as kind/name. Without any, it was not judged.
	Matched []string

	// Admitted says why the constraints admit the object's images, as far as their templates tell.
	Admitted []Admitted

	// Unsure says which constraints may concern the object and did not judge it, and why.
	Unsure []error

	verified []string // keys, by what providers answered
}

// matcher is a constraint's match.
type matcher struct {
	constraints.Matcher
	kind, name string
	constraint *unstructured.Unstructured

	// elsewhere is the admission point where the constraint counts, if it does not count at this engine's.
	elsewhere string
	nowhere   bool // it counts at no admission point: audit's, for example
}

func (e *Engine) addMatcher(constraint *unstructured.Unstructured) error {
	m, err := e.target.ToMatcher(constraint)
	if err != nil {
		return err
	}
	added := &matcher{Matcher: m, kind: constraint.GetKind(), name: constraint.GetName(), constraint: constraint}
	if action, _, _ := unstructured.NestedString(constraint.Object, "spec", "enforcementAction"); action == scoped {
		if err := added.scope(constraint); err != nil {
			return err
		}
	}
	e.matchers = slices.DeleteFunc(e.matchers, func(m *matcher) bool { return m.kind == added.kind && m.name == added.name })
	e.matchers = append(e.matchers, added)
	return nil
}

// scope notes where the scoped actions of a constraint count.
func (m *matcher) scope(constraint *unstructured.Unstructured) error {
	for _, point := range []string{util.GatorEnforcementPoint, util.WebhookEnforcementPoint, util.VAPEnforcementPoint} {
		actions, err := util.ScopedActionForEP(point, constraint)
		if err != nil {
			return err
		}
		if len(actions) > 0 {
			if point != util.GatorEnforcementPoint {
				m.elsewhere = point
			}
			return nil
		}
	}
	m.nowhere = true
	return nil
}

// match notes which constraints the framework's client will ask about a review: it does not say so itself.
func (e *Engine) match(question any, j *Judgement) error {
	_, review, err := e.target.HandleReview(question)
	if err != nil {
		return err
	}
	for _, m := range e.matchers {
		if m.nowhere {
			continue
		}
		matched, err := m.Match(review)
		switch {
		case err != nil:
			j.Unsure = append(j.Unsure, fmt.Errorf("whether constraint %q matches is not known: %w; give the object's Namespace too", m.name, err))
		case matched && m.elsewhere != "":
			j.Unsure = append(j.Unsure, fmt.Errorf("constraint %q counts at %s, and not at %s, where this program judges", m.name, m.elsewhere, util.GatorEnforcementPoint))
		case matched && !slices.Contains(j.Matched, m.kind+"/"+m.name):
			j.Matched = append(j.Matched, m.kind+"/"+m.name)
		}
	}
	return nil
}
