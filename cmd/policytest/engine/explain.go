package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego/schema"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The reasons for which an image is admitted.
const (
	Verified    = "verified"     // a provider answered that it is
	Excepted    = "excepted"     // an exception counts, of the constraint or an object of its own
	NotGoverned = "not governed" // the constraint does not govern it
)

// Admitted says why a constraint admits an image.
type Admitted struct {
	Image string `json:"image"`
	// Because is [Verified], [Excepted] or [NotGoverned]. It is empty if the policy has another reason of its own.
	Because    string     `json:"because,omitempty"`
	Constraint string     `json:"constraint"`
	Exception  *Exception `json:"exception,omitempty"`
}

// Exception is an exception, as the parameters of a constraint or an object have it.
type Exception struct {
	// Object is the kind and name of an exception that is an object.
	Object  string `json:"object,omitempty"`
	Image   string `json:"image"` // a pattern
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}

// explainer asks the policy library of a template why it admits. What the library does not say it does not guess.
type explainer struct{ query rego.PreparedEvalQuery }

// questions are the rules that an explainer asks for, and the packages of the library that each needs.
var questions = []struct {
	packages []string
	rule     string
}{
	{[]string{"review"}, `images contains use.image if some use in data.lib.review.judged`},
	{[]string{"review", "conditions"}, `keys[name] := data.lib.conditions.key(name) if some name in images`},
	{[]string{"review", "image", "exceptions"}, `excepted contains name if {
	some name in images
	data.lib.exceptions.current(data.lib.image.parts(name)) with data.inventory as input.inventory
}`},
	{[]string{"review", "image", "parameters"}, `free contains name if {
	some name in images
	data.lib.parameters.governs(data.lib.image.parts(name)) == false
}`},
}

// newExplainer makes the explainer of a template. It is nil for a template without the library.
func newExplainer(ctx context.Context, template *templates.ConstraintTemplate) (*explainer, error) {
	modules, names := libraryOf(template)
	text := "package explain\n"
	for _, q := range questions {
		if !slices.ContainsFunc(q.packages, func(name string) bool { return !slices.Contains(names, name) }) {
			text += "\n" + q.rule + "\n"
		}
	}
	if !strings.Contains(text, "images") {
		return nil, nil
	}
	options := []func(*rego.Rego){rego.SetRegoVersion(ast.RegoV1), rego.Query("data.explain"), rego.Module("explain.rego", text)}
	for i, module := range modules {
		options = append(options, rego.Module(fmt.Sprintf("lib%d.rego", i), module))
	}
	query, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return &explainer{query}, nil
}

// libraryOf returns the library in a template, and the names of its packages: of lib.review it is review.
func libraryOf(template *templates.ConstraintTemplate) (modules, names []string) {
	for _, target := range template.Spec.Targets {
		for _, code := range target.Code {
			source, err := schema.GetSource(code)
			if code.Engine != schema.Name || err != nil {
				continue
			}
			for _, text := range source.Libs {
				module, err := ast.ParseModuleWithOpts("", text, ast.ParserOptions{RegoVersion: ast.RegoV1})
				if err != nil {
					return nil, nil // Rego of the old version; it is not our library
				}
				modules = append(modules, text)
				names = append(names, strings.TrimPrefix(module.Package.Path.String(), "data.lib."))
			}
		}
	}
	return modules, names
}

// answer is what an explainer finds out about an object under a constraint.
type answer struct {
	images, excepted, free []string
	keys                   map[string]any // of images: what the provider is asked
}

// key is what the provider is asked about an image: with conditions, where the constraint has some for it.
func (a answer) key(image string) string {
	if key, ok := a.keys[image].(string); ok {
		return key
	}
	return image
}

func (e *explainer) ask(ctx context.Context, review, parameters map[string]any, objects inventory, at time.Time) (answer, error) {
	input := map[string]any{"review": review, "parameters": parameters, "inventory": objects.data()}
	results, err := e.query.Eval(ctx, rego.EvalInput(input), rego.EvalTime(at))
	if err != nil || len(results) == 0 {
		return answer{}, err
	}
	rules, _ := results[0].Expressions[0].Value.(map[string]any)
	keys, _ := rules["keys"].(map[string]any)
	return answer{texts(rules["images"]), texts(rules["excepted"]), texts(rules["free"]), keys}, nil
}

func texts(values any) []string {
	list, _ := values.([]any)
	var all []string
	for _, value := range list {
		if text, ok := value.(string); ok {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// explain says why a constraint admits the images of an object, of which the provider verified some.
func (e *explainer) explain(ctx context.Context, q question) ([]Admitted, error) {
	parameters, _, _ := unstructured.NestedMap(q.constraint.Object, "spec", "parameters")
	found, err := e.ask(ctx, q.review, parameters, q.exceptions, q.at)
	if err != nil {
		return nil, err
	}
	var all []Admitted
	for _, image := range found.images {
		a := Admitted{Image: image, Constraint: q.constraint.GetName()}
		switch {
		case slices.Contains(q.verified, found.key(image)):
			a.Because = Verified
		case slices.Contains(found.free, image):
			a.Because = NotGoverned
		case slices.Contains(found.excepted, image):
			a.Because = Excepted
			if a.Exception, err = e.exception(ctx, q, parameters, image); err != nil {
				return nil, err
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// question is what an explainer is asked: about an object under a constraint.
type question struct {
	review     map[string]any
	constraint *unstructured.Unstructured
	exceptions inventory
	verified   []string // keys, by what providers answered
	at         time.Time
}

// exception is the first exception that counts for the image, alone: of the parameters, or else an object.
func (e *explainer) exception(ctx context.Context, q question, parameters map[string]any, image string) (*Exception, error) {
	counts := func(parameters map[string]any, objects inventory) (bool, error) {
		found, err := e.ask(ctx, q.review, parameters, objects, q.at)
		return slices.Contains(found.excepted, image), err
	}
	exceptions, _, _ := unstructured.NestedSlice(parameters, "exceptions")
	for _, one := range exceptions {
		if found, err := counts(map[string]any{"exceptions": []any{one}}, nil); found || err != nil {
			fields, _ := one.(map[string]any)
			return exceptionOf("", fields), err
		}
	}
	for _, object := range q.exceptions {
		if found, err := counts(map[string]any{"exceptionsFrom": parameters["exceptionsFrom"]}, inventory{object}); found || err != nil {
			fields, _, _ := unstructured.NestedMap(object.Object, "spec")
			return exceptionOf(sourceOf(object), fields), err
		}
	}
	return nil, nil
}

func exceptionOf(object string, fields map[string]any) *Exception {
	text := func(name string) string { value, _ := fields[name].(string); return value }
	return &Exception{object, text("image"), text("reason"), text("expires")}
}
