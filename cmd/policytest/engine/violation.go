package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
)

// deny is the enforcement action that keeps an object out.
const deny = "deny"

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

// Denies tells whether the violation keeps the object out.
func (v Violation) Denies() bool {
	return v.EnforcementAction == deny || slices.Contains(v.ScopedActions, deny)
}

// Denied tells whether any of the violations keeps the object out.
func Denied(violations []Violation) bool { return slices.ContainsFunc(violations, Violation.Denies) }

func violationOf(result *types.Result) Violation {
	details, _ := result.Metadata["details"].(map[string]any)
	return Violation{
		Kind:              result.Constraint.GetKind(),
		Constraint:        result.Constraint.GetName(),
		EnforcementAction: result.EnforcementAction,
		ScopedActions:     result.ScopedEnforcementActions,
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
