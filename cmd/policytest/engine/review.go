package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/expansion"
	mutation "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// operations of an AdmissionRequest.
var operations = []string{string(admissionv1.Create), string(admissionv1.Update), string(admissionv1.Delete), string(admissionv1.Connect)}

// Review decides on an object as it is created, or on what an AdmissionReview asks for, and on what expansion templates
// make of the object. No violations: it is admitted, unless no constraint judged it; [Engine.Judge] tells that too.
func (e *Engine) Review(ctx context.Context, object *unstructured.Unstructured) ([]Violation, error) {
	j, err := e.decide(ctx, object)
	return j.Violations, err
}

// Judge is [Engine.Review], and tells which constraints judged, and why they admit the object's images.
func (e *Engine) Judge(ctx context.Context, object *unstructured.Unstructured) (Judgement, error) {
	j, err := e.decide(ctx, object)
	if err != nil {
		return j, err
	}
	return j, e.explain(ctx, object, &j)
}

func (e *Engine) decide(ctx context.Context, object *unstructured.Unstructured) (Judgement, error) {
	var j Judgement
	responses, err := e.review(ctx, object, &j)
	if err != nil {
		return Judgement{}, fmt.Errorf("reviewing %s: %w", Describe(object), err)
	}
	for _, result := range responses.Results() {
		j.Violations = append(j.Violations, violationOf(result))
	}
	return j, nil
}

func (e *Engine) review(ctx context.Context, object *unstructured.Unstructured, j *Judgement) (*types.Responses, error) {
	if RoleOf(object) == Admission {
		return e.reviewAdmission(ctx, object, j)
	}
	ns, _ := e.expander.NamespaceForResource(object)
	responses, err := e.ask(ctx, target.AugmentedUnstructured{Object: *object, Namespace: ns, Source: mutation.SourceTypeOriginal}, j)
	if err != nil {
		return nil, err
	}
	resultants, err := e.expander.Expand(object)
	if err != nil {
		return nil, fmt.Errorf("expanding it: %w", err)
	}
	for _, made := range resultants {
		further, err := e.ask(ctx, target.AugmentedUnstructured{Object: *made.Obj, Namespace: ns, Source: mutation.SourceTypeGenerated}, j)
		if err != nil {
			return nil, fmt.Errorf("what %q expands it to: %w", made.TemplateName, err)
		}
		expansion.OverrideEnforcementAction(made.EnforcementAction, further)
		expansion.AggregateResponses(made.TemplateName, responses, further)
	}
	return responses, nil
}

// ask asks the client, and notes who will answer. The enforcement point is one that a constraint's scoped actions may name.
func (e *Engine) ask(ctx context.Context, question any, j *Judgement) (*types.Responses, error) {
	responses, calls, err := e.client.review(ctx, question, reviews.EnforcementPoint(util.GatorEnforcementPoint))
	if err != nil {
		return nil, err
	}
	for _, call := range calls {
		j.verified = append(j.verified, call.verified()...)
	}
	return responses, e.match(question, j)
}

// reviewAdmission decides on an AdmissionReview, as gator's suite runner does.
func (e *Engine) reviewAdmission(ctx context.Context, object *unstructured.Unstructured, j *Judgement) (*types.Responses, error) {
	var review admissionv1.AdmissionReview
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.UnstructuredContent(), &review, true); err != nil {
		return nil, fmt.Errorf("reading the AdmissionReview: %w", err)
	}
	request := review.Request
	if request == nil || request.Object.Raw == nil && request.OldObject.Raw == nil {
		return nil, errors.New("the AdmissionReview has no request with an object or an oldObject")
	}
	if operation := string(request.Operation); operation != "" && !slices.Contains(operations, operation) {
		return nil, unknownWord("request.operation", operation, operations)
	}
	ns, _ := e.expander.NamespaceForResource(&unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": request.Namespace},
	}})
	return e.ask(ctx, target.AugmentedReview{AdmissionRequest: request, Namespace: ns, Source: mutation.SourceTypeOriginal}, j)
}

// explain notes why the constraints that matched admit the object's images.
func (e *Engine) explain(ctx context.Context, object *unstructured.Unstructured, j *Judgement) error {
	review := reviewOf(object)
	at := e.asOf
	if at.IsZero() {
		at = time.Now()
	}
	process.Lock()
	defer process.Unlock()
	for _, m := range e.matchers {
		explainer := e.explainers[m.kind]
		if explainer == nil || !slices.Contains(j.Matched, m.kind+"/"+m.name) {
			continue
		}
		admitted, err := explainer.explain(ctx, question{review, m.constraint, e.exceptions, j.verified, at})
		if err != nil {
			return fmt.Errorf("asking template %s why it admits: %w", m.kind, err)
		}
		j.Admitted = append(j.Admitted, admitted...)
	}
	return nil
}

// reviewOf is input.review, as far as the policy library reads it.
func reviewOf(object *unstructured.Unstructured) map[string]any {
	if RoleOf(object) == Admission {
		request, _, _ := unstructured.NestedMap(object.Object, "request")
		return request
	}
	return map[string]any{
		"kind":      map[string]any{"kind": object.GetKind()},
		"name":      object.GetName(),
		"namespace": object.GetNamespace(),
		"operation": string(admissionv1.Create),
		"object":    object.Object,
	}
}
