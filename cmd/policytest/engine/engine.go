package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/expand"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Engine decides on objects as Gatekeeper does. Loaded, it is safe for concurrent use.
type Engine struct {
	client   *Client
	scheme   *runtime.Scheme
	context  []*unstructured.Unstructured // what the expander needs: namespaces, expansion templates
	expander *expand.Expander
	target   target.K8sValidationTarget // matches as the client's own does
	matchers []*matcher                 // of all constraints

	explainers map[string]*explainer // by the kind of constraint; of templates with the policy library
	exceptions inventory             // those that are objects
	asOf       time.Time             // zero: now
}

// New makes an engine without templates.
func New(o Options) (*Engine, error) {
	scheme := runtime.NewScheme()
	if err := apis.AddToScheme(scheme); err != nil {
		return nil, err
	}
	client, err := NewClient(o)
	if err != nil {
		return nil, fmt.Errorf("making Gatekeeper's client: %w", err)
	}
	expander, err := expand.NewExpander(nil)
	return &Engine{client: client, scheme: scheme, expander: expander, explainers: map[string]*explainer{}, asOf: o.AsOf}, err
}

// Load takes templates, constraints, expansion templates, and objects that templates look at, in any order. Those that
// [RoleOf] calls Passed, EmptyList or Admission it passes over: mutators, for example, and Providers, whose addresses are a cluster's.
func (e *Engine) Load(ctx context.Context, objects ...*unstructured.Unstructured) error {
	steps := []struct {
		role Role
		add  func(context.Context, *unstructured.Unstructured) error
	}{{Template, e.addTemplate}, {Constraint, e.addConstraint}, {Expansion, e.addExpansion}, {Reviewed, e.addData}, {Excepting, e.addException}}
	for _, step := range steps {
		for _, object := range objects {
			if RoleOf(object) != step.role {
				continue
			}
			if err := step.add(ctx, object); err != nil {
				return fmt.Errorf("%s: %w", Describe(object), err)
			}
		}
	}
	expander, err := expand.NewExpander(e.context)
	if err != nil {
		return fmt.Errorf("reading expansion templates: %w", err)
	}
	e.expander = expander
	return nil
}

func (e *Engine) addTemplate(ctx context.Context, object *unstructured.Unstructured) error {
	template, err := reader.ToTemplate(e.scheme, object)
	if err != nil {
		return err
	}
	if _, err = e.client.AddTemplate(ctx, template); err != nil {
		return err
	}
	process.Lock()
	defer process.Unlock()
	e.explainers[template.Spec.CRD.Spec.Names.Kind], err = newExplainer(ctx, template)
	return err
}

func (e *Engine) addConstraint(ctx context.Context, object *unstructured.Unstructured) error {
	if err := e.checkKind(object.GetKind()); err != nil {
		return err
	}
	if _, err := e.client.AddConstraint(ctx, object); err != nil {
		return err
	}
	return e.addMatcher(object)
}

func (e *Engine) addExpansion(_ context.Context, object *unstructured.Unstructured) error {
	if _, err := actionOf(object, simpleActions); err != nil {
		return err
	}
	e.context = append(e.context, object)
	return nil
}

func (e *Engine) addData(ctx context.Context, object *unstructured.Unstructured) error {
	if object.GroupVersionKind().GroupKind() == namespaceKind {
		e.context = append(e.context, object)
	}
	_, err := e.client.AddData(ctx, object)
	return err
}

// Close closes the connections to the engine's providers.
func (e *Engine) Close() { e.client.Close() }
