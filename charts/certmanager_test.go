package charts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	extensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	crd "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structure "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/test/rig"
)

// certManager are the schemas of its API, of the version in test/tools/cert-manager, by kind.
func certManager(t *testing.T) map[string]*extensions.JSONSchemaProps {
	t.Helper()
	where := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/cert-manager/cert-manager")
	where.Dir = "../test/tools/cert-manager"
	var module struct{ Dir string }
	if err := yaml.Unmarshal(rig.Must(where.Output())(t), &module); err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*extensions.JSONSchemaProps{}
	for _, name := range []string{"certificates", "issuers"} {
		var definition crd.CustomResourceDefinition
		text := rig.Must(os.ReadFile(filepath.Join(module.Dir, "deploy", "crds", "cert-manager.io_"+name+".yaml")))(t)
		if err := yaml.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		into := &extensions.JSONSchemaProps{}
		if err := crd.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(definition.Spec.Versions[0].Schema.OpenAPIV3Schema, into, nil); err != nil {
			t.Fatal(err)
		}
		schemas[definition.Spec.Versions[0].Name+" "+definition.Spec.Names.Kind] = into
	}
	return schemas
}

// misfits are what the API server would refuse of an object, and the fields that it would drop.
func misfits(t *testing.T, props *extensions.JSONSchemaProps, object *unstructured.Unstructured) []string {
	t.Helper()
	structural := rig.Must(structure.NewStructural(props))(t)
	dropped := pruning.PruneWithOptions(object.DeepCopy().Object, structural, true, structure.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	validator, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range validation.ValidateCustomResource(nil, object.Object, validator) {
		dropped = append(dropped, wrong.Error())
	}
	return dropped
}

// The Certificate that the chart makes and the Issuer of the example are what cert-manager takes, and belong together.
func TestCertManagerTakesItsObjects(t *testing.T) {
	schemas := certManager(t)
	objects := parse(t, string(rig.Must(os.ReadFile(chart+"/examples/issuer/issuer.yaml"))(t)))
	objects = append(objects, render(t, "--values", chart+"/examples/cert-manager.yaml")...)
	issuers, asked := map[string]bool{}, map[string]bool{}
	for _, object := range objects {
		if object.GroupVersionKind().Group != "cert-manager.io" {
			continue
		}
		kind := object.GroupVersionKind().Version + " " + object.GetKind()
		if schemas[kind] == nil {
			t.Errorf("cert-manager has no %s", kind)
			continue
		}
		if wrong := misfits(t, schemas[kind], object); len(wrong) > 0 || object.GetNamespace() != release {
			t.Errorf("%s %s in %s: %q", kind, object.GetName(), object.GetNamespace(), wrong)
		}
		if name, found, _ := unstructured.NestedString(object.Object, "spec", "issuerRef", "name"); found {
			asked[name] = true
		} else {
			issuers[object.GetName()] = true
		}
	}
	if len(asked) != 2 || fmt.Sprint(asked) != fmt.Sprint(issuers) {
		t.Errorf("there are the issuers %v, and certificates ask for %v", issuers, asked)
	}
	broken := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"secretNam": "a", "issuerRef": map[string]any{"name": "a"}}}}
	if found := strings.Join(misfits(t, schemas["v1 Certificate"], broken), " "); !strings.Contains(found, "secretNam ") || !strings.Contains(found, "spec.secretName: Required") {
		t.Errorf("of a misspelt field it is said: %s", found)
	}
}
