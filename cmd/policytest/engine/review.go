package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/expansion"
	mutation "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Review decides on an object as it is created, or on what an AdmissionReview asks for, and on what expansion templates
// make of the object. No violations: it is admitted.
func (e *Engine) Review(ctx context.Context, object *unstructured.Unstructured) ([]Violation, error) {
	responses, err := e.review(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("reviewing %s: %w", Describe(object), err)
	}
	var violations []Violation
	for _, result := range responses.Results() {
		violations = append(violations, violationOf(result))
	}
	return violations, nil
}

func (e *Engine) review(ctx context.Context, object *unstructured.Unstructured) (*types.Responses, error) {
	if RoleOf(object) == Admission {
		return e.admit(ctx, object)
	}
	ns, _ := e.expander.NamespaceForResource(object)
	responses, err := e.ask(ctx, object, ns, mutation.SourceTypeOriginal)
	if err != nil {
		return nil, err
	}
	resultants, err := e.expander.Expand(object)
	if err != nil {
		return nil, fmt.Errorf("expanding it: %w", err)
	}
	for _, made := range resultants {
		further, err := e.ask(ctx, made.Obj, ns, mutation.SourceTypeGenerated)
		if err != nil {
			return nil, fmt.Errorf("what %q expands it to: %w", made.TemplateName, err)
		}
		expansion.OverrideEnforcementAction(made.EnforcementAction, further)
		expansion.AggregateResponses(made.TemplateName, responses, further)
	}
	return responses, nil
}

func (e *Engine) ask(ctx context.Context, object *unstructured.Unstructured, ns *corev1.Namespace, source mutation.SourceType) (*types.Responses, error) {
	return e.client.Review(ctx, target.AugmentedUnstructured{Object: *object, Namespace: ns, Source: source}, point())
}

// admit decides on an AdmissionReview, as gator's suite runner does.
func (e *Engine) admit(ctx context.Context, object *unstructured.Unstructured) (*types.Responses, error) {
	var review admissionv1.AdmissionReview
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.UnstructuredContent(), &review, true); err != nil {
		return nil, fmt.Errorf("reading the AdmissionReview: %w", err)
	}
	request := review.Request
	if request == nil || request.Object.Raw == nil && request.OldObject.Raw == nil {
		return nil, errors.New("the AdmissionReview has no request with an object or an oldObject")
	}
	ns, _ := e.expander.NamespaceForResource(&unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": request.Namespace},
	}})
	return e.client.Review(ctx, target.AugmentedReview{AdmissionRequest: request, Namespace: ns, Source: mutation.SourceTypeOriginal}, point())
}

// point is the enforcement point that a constraint's scoped actions may name.
func point() reviews.ReviewOpt { return reviews.EnforcementPoint(util.GatorEnforcementPoint) }
