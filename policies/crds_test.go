package policies_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apicel "k8s.io/apiserver/pkg/apis/cel"
)

// crds are the kinds of exceptions that are objects, as the API server reads them.
func crds(t *testing.T) map[string]*apiextensions.CustomResourceDefinition {
	t.Helper()
	all := map[string]*apiextensions.CustomResourceDefinition{}
	for _, object := range manifests(t, "exceptions/crds.yaml") {
		var read apiextensionsv1.CustomResourceDefinition
		decode(t, object, &read)
		apiextensionsv1.SetDefaults_CustomResourceDefinition(&read)
		apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&read.Spec)
		var crd apiextensions.CustomResourceDefinition
		if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&read, &crd, nil); err != nil {
			t.Fatal(err)
		}
		all[crd.Spec.Names.Kind] = &crd
	}
	return all
}

// The API server takes the CRDs: they are structural, and their rules compile and are not too dear.
func TestExceptionCRDsAreSound(t *testing.T) {
	all := crds(t)
	if len(all) != 2 {
		t.Errorf("there are %d CRDs", len(all))
	}
	for kind, crd := range all {
		crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
		if errs := validation.ValidateCustomResourceDefinition(t.Context(), crd); len(errs) > 0 {
			t.Errorf("%s: %v", kind, errs.ToAggregate())
		}
	}
}

// accept validates a spec as the API server does when it is asked to be strict.
func accept(t *testing.T, crd *apiextensions.CustomResourceDefinition, spec map[string]any) error {
	t.Helper()
	props := crd.Spec.Validation.OpenAPIV3Schema
	s, err := structural.NewStructural(props)
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{"apiVersion": "notation-provider.internal/v1", "kind": crd.Spec.Names.Kind, "metadata": map[string]any{"name": "x"}, "spec": spec}
	if unknown := pruning.PruneWithOptions(object, s, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}); len(unknown) > 0 {
		return fmt.Errorf("unknown field %q", unknown)
	}
	validator, _, err := schemavalidation.NewSchemaValidator(props)
	if err != nil {
		t.Fatal(err)
	}
	errs := schemavalidation.ValidateCustomResource(nil, object, validator)
	broken, _ := cel.NewValidator(s, true, apicel.PerCallLimit).Validate(t.Context(), field.NewPath(""), s, object, nil, apicel.RuntimeCELCostBudget)
	return append(errs, broken...).ToAggregate()
}

// An object has the rules of an exception in a constraint, and their words.
func TestExceptionObjectsAreValidated(t *testing.T) {
	good := map[string]any{"image": "docker.io/library/postgres:16@" + sha256, "reason": "SEC-142", "expires": "2027-03-01"}
	change := func(key string, value any) map[string]any {
		spec := map[string]any{}
		for k, v := range good {
			spec[k] = v
		}
		if spec[key] = value; value == nil {
			delete(spec, key)
		}
		return spec
	}
	for kind, crd := range crds(t) {
		for _, spec := range []map[string]any{good, change("expires", "never"), change("image", "quay.io/a/*"), change("image", "postgres"), change("image", "*")} {
			if err := accept(t, crd, spec); err != nil {
				t.Errorf("%s: %v: %v", kind, spec, err)
			}
		}
		for _, tc := range []struct {
			want string
			spec map[string]any
		}{
			{"spec.reason: Required", change("reason", nil)},
			{"spec.expires: Required", change("expires", nil)},
			{"spec.image: Required", change("image", nil)},
			{"must say who vetted the image", change("reason", " ")},
			{`"2027-02-29" is no day`, change("expires", "2027-02-29")},
			{`"soon" is no day; write a day that exists`, change("expires", "soon")},
			{`"docker.io/graf*" has a * in the wrong place`, change("image", "docker.io/graf*")},
			{`"harbor.skao.int" is a registry; write /*`, change("image", "harbor.skao.int")},
			{`unknown field ["spec.namespace"]`, change("namespace", "tango")},
			{`unknown field ["spec.until"]`, change("until", "never")},
		} {
			if err := accept(t, crd, tc.spec); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v: %v; want %q", kind, tc.spec, err, tc.want)
			}
		}
	}
	narrow := change("namespaces", []any{"databases"})
	if err := accept(t, crds(t)["ClusterImageException"], narrow); err != nil {
		t.Error(err)
	}
	if err := accept(t, crds(t)["ImageException"], narrow); err == nil || !strings.Contains(err.Error(), "spec.namespaces") {
		t.Errorf("an ImageException names namespaces: %v", err)
	}
}
