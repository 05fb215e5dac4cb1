package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/constraints"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apicel "k8s.io/apiserver/pkg/apis/cel"
)

// rules are the x-kubernetes-validations in the schema of a template's parameters. The API server evaluates them, as they
// are in the CRD that Gatekeeper makes of the template; the constraint framework does not.
type rules struct{ validator *cel.Validator }

// rulesOf compiles the rules of a template. The framework has checked them before: that they compile, and what they cost.
func rulesOf(template *templates.ConstraintTemplate) (rules, error) {
	validation := template.Spec.CRD.Spec.Validation
	if validation == nil || validation.OpenAPIV3Schema == nil {
		return rules{}, nil
	}
	structural, err := schema.NewStructural(validation.OpenAPIV3Schema)
	if err != nil {
		return rules{}, err
	}
	return rules{cel.NewValidator(structural, false, apicel.PerCallLimit)}, nil
}

// check evaluates the rules for a constraint, as the API server does when it is created. Each error is one line: the
// field and the rule's message.
func (r rules) check(ctx context.Context, constraint *unstructured.Unstructured) error {
	parameters, found, err := unstructured.NestedFieldNoCopy(constraint.Object, "spec", "parameters")
	if r.validator == nil || !found || err != nil {
		return err
	}
	broken, _ := r.validator.Validate(ctx, field.NewPath("spec", "parameters"), nil, parameters, nil, apicel.RuntimeCELCostBudget)
	return errors.Join(inOrder(broken)...)
}

// inOrder are errors in the order of their fields. The validators go through properties as a Go map has them, in another order
// each time.
func inOrder(broken field.ErrorList) []error {
	slices.SortFunc(broken, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	var all []error
	for _, b := range broken {
		all = append(all, &ruleError{b.Field, strings.TrimSpace(b.Detail)})
	}
	return all
}

// ruleError is a parameter that breaks a rule. For gator it is an error of the schema.
type ruleError struct{ field, message string }

func (e *ruleError) Error() string { return e.field + ": " + e.message }
func (*ruleError) Unwrap() error   { return constraints.ErrSchema }
