package engine

import (
	"cmp"
	"strings"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Role is what an object is to the engine.
type Role int

// The roles.
const (
	Reviewed   Role = iota // an object of the cluster: it is judged, and templates may look at it
	Admission              // an AdmissionReview: it is judged
	Template               // a ConstraintTemplate
	Constraint             // an instance of a template
	Expansion              // an ExpansionTemplate
	Passed                 // what else configures or tests Gatekeeper, or kustomize; the engine passes it over
	EmptyList              // a list without items
	Excepting              // an exception that is an object: templates look at it, and it is not judged
)

// exceptionsGroup is the API group of ClusterImageException and ImageException.
const exceptionsGroup = "notation-provider.internal"

var (
	namespaceKind = schema.GroupKind{Kind: "Namespace"}
	reviewKind    = schema.GroupKind{Group: "admission.k8s.io", Kind: "AdmissionReview"}
	expansionKind = schema.GroupKind{Group: "expansion.gatekeeper.sh", Kind: "ExpansionTemplate"}
)

// RoleOf tells what an object is to the engine.
func RoleOf(object *unstructured.Unstructured) Role {
	kind := object.GroupVersionKind().GroupKind()
	switch {
	case isList(object):
		return EmptyList
	case reader.IsTemplate(object):
		return Template
	case reader.IsConstraint(object):
		return Constraint
	case kind == expansionKind:
		return Expansion
	case kind == reviewKind:
		return Admission
	case kind.Group == exceptionsGroup:
		return Excepting
	case strings.HasSuffix("."+kind.Group, ".gatekeeper.sh") || kind.Group == "kustomize.config.k8s.io":
		return Passed
	}
	return Reviewed
}

// Describe names an object as gator does, "apps/v1/Deployment namespace/name", and an AdmissionReview by what it is about.
func Describe(object *unstructured.Unstructured) string {
	if RoleOf(object) == Admission {
		field := func(path ...string) string {
			value, _, _ := unstructured.NestedString(object.Object, append([]string{"request"}, path...)...)
			return value
		}
		return describe("AdmissionReview: "+field("operation")+" "+field("kind", "kind"), field("namespace"), field("name"))
	}
	name := object.GetName()
	if generated := object.GetGenerateName(); name == "" && generated != "" {
		name = generated + "*"
	}
	return describe(object.GetAPIVersion()+"/"+object.GetKind(), object.GetNamespace(), name)
}

func describe(what, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + cmp.Or(name, "(no name)")
	}
	return strings.TrimSpace(what + " " + name)
}
