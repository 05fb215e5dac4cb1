package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apicel "k8s.io/apiserver/pkg/apis/cel"

	"gitlab.com/ska-telescope/notation-provider/policies/lib"
	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

// exceptionKind is what the CRD of a kind of exceptions says of its objects.
type exceptionKind struct {
	version    string
	namespaced bool
	structural *schema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// exceptionKinds reads the CRDs that the chart installs.
func exceptionKinds() (map[string]*exceptionKind, error) {
	text, err := template.ExceptionCRDs(lib.Files, "policytest")
	if err != nil {
		return nil, err
	}
	documents, err := ParseObjects("exceptions/crds.yaml", text)
	if err != nil {
		return nil, err
	}
	all := map[string]*exceptionKind{}
	for _, document := range documents {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(document.Object, &crd); err != nil {
			return nil, err
		}
		if all[crd.Spec.Names.Kind], err = exceptionKindOf(&crd); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// exceptionKindOf reads a CRD with one version.
func exceptionKindOf(crd *apiextensionsv1.CustomResourceDefinition) (*exceptionKind, error) {
	version := crd.Spec.Versions[0]
	var properties apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &properties, nil); err != nil {
		return nil, err
	}
	kind := &exceptionKind{version: version.Name, namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped}
	var err error
	if kind.structural, err = schema.NewStructural(&properties); err != nil {
		return nil, err
	}
	kind.rules = cel.NewValidator(kind.structural, true, apicel.PerCallLimit)
	kind.schema, _, err = validation.NewSchemaValidator(&properties)
	return kind, err
}

// checkException refuses an object that the API server refuses, or that the templates would look for in vain: an
// ImageException without a namespace, for example.
func (c *Client) checkException(ctx context.Context, object *unstructured.Unstructured) error {
	if c.kinds == nil { // few clients see any
		kinds, err := exceptionKinds()
		if err != nil {
			return fmt.Errorf("reading the CRDs of exceptions: %w", err)
		}
		c.kinds = kinds
	}
	kind, ok := c.kinds[object.GetKind()]
	if !ok {
		return fmt.Errorf("%s has no kind %q; write ClusterImageException or ImageException", exceptionsGroup, object.GetKind())
	}
	return kind.check(ctx, object)
}

// check returns an error of one line for each thing that is wrong: the field, and what is wrong with it.
func (k *exceptionKind) check(ctx context.Context, object *unstructured.Unstructured) error {
	switch version := object.GroupVersionKind().Version; {
	case version != k.version:
		return unknownWord("the version of apiVersion", version, []string{k.version})
	case k.namespaced != (object.GetNamespace() != ""):
		return errors.New("metadata.namespace: an ImageException has one, and a ClusterImageException has none")
	case object.GetName() == "":
		return errors.New("metadata.name: an exception that is an object has one")
	}
	var all []error
	for _, path := range k.unknown(object) {
		all = append(all, k.noSuchField(path))
	}
	for _, broken := range validation.ValidateCustomResource(nil, object.Object, k.schema) {
		all = append(all, broken)
	}
	if len(all) > 0 { // rules read what the schema says is there
		return errors.Join(all...)
	}
	broken, _ := k.rules.Validate(ctx, nil, k.structural, object.Object, nil, apicel.RuntimeCELCostBudget)
	return errors.Join(inOrder(broken)...)
}

// unknown are the paths of fields that the schema does not have. kubectl has the API server refuse them; without that it
// drops them.
func (k *exceptionKind) unknown(object *unstructured.Unstructured) []string {
	paths := pruning.PruneWithOptions(object.DeepCopy().Object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	slices.Sort(paths)
	for i, path := range paths {
		paths[i] = strings.TrimPrefix(path, ".")
	}
	return paths
}

// noSuchField says that the schema does not have a field, and which field beside it was most likely meant.
func (k *exceptionKind) noSuchField(path string) error {
	names := strings.Split(path, ".")
	last := len(names) - 1
	beside := k.structural.Properties
	for _, name := range names[:last] {
		beside = beside[name].Properties
	}
	message := path + ": the schema has no such field"
	if near := nearest(names[last], slices.Sorted(maps.Keys(beside))); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(message)
}
