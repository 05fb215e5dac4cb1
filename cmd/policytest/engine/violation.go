package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
)

// The enforcement actions.
const (
	deny   = "deny"   // keeps an object out
	warn   = "warn"   // admits it, and tells who applies it
	dryrun = "dryrun" // admits it
)

// Violation is what one constraint has against an object.
type Violation struct {
	Kind       string `json:"kind"`       // of the constraint
	Constraint string `json:"constraint"` // its name

	// EnforcementAction is deny, warn, dryrun, or scoped: then ScopedActions holds those that count here.
	EnforcementAction string   `json:"enforcementAction"`
	ScopedActions     []string `json:"scopedActions,omitempty"`

	Msg     string         `json:"msg"`
	Details map[string]any `json:"details,omitempty"`
}

// Denies tells whether the violation keeps the object out. Any action does that is not known to admit it.
func (v Violation) Denies() bool {
	actions := v.ScopedActions
	if len(actions) == 0 {
		actions = []string{v.EnforcementAction}
	}
	return v.EnforcementAction == deny || slices.ContainsFunc(actions, func(a string) bool { return a != warn && a != dryrun })
}

// Warns tells whether the violation is told to who applies the object.
func (v Violation) Warns() bool {
	return v.EnforcementAction == warn || slices.Contains(v.ScopedActions, warn)
}

// Denied tells whether any of the violations keeps the object out.
func Denied(violations []Violation) bool { return slices.ContainsFunc(violations, Violation.Denies) }

func violationOf(result *types.Result) Violation {
	details, _ := result.Metadata["details"].(map[string]any)
	return Violation{
		Kind:              result.Constraint.GetKind(),
		Constraint:        result.Constraint.GetName(),
		EnforcementAction: result.EnforcementAction,
		ScopedActions:     slices.Sorted(slices.Values(result.ScopedEnforcementActions)),
		Msg:               result.Msg,
		Details:           details,
	}
}

// Action is what the violation leads to here: deny, warn or dryrun, or several of them.
func (v Violation) Action() string {
	if len(v.ScopedActions) > 0 {
		return strings.Join(v.ScopedActions, ",")
	}
	return v.EnforcementAction
}
