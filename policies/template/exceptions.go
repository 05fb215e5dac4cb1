package template

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The API of exceptions that are objects, as package lib.inventory reads it. The domain .internal is reserved for private
// use, so that no other organisation can have the group.
const (
	exceptionsGroup   = "notation-provider.internal"
	exceptionsVersion = "v1"
)

// exceptionKind is a kind of such objects.
type exceptionKind struct {
	kind, short, scope, about string
	fields                    []string // of an exception in a constraint
}

func exceptionKinds() []exceptionKind {
	return []exceptionKind{
		{"ClusterImageException", "cimgex", "Cluster",
			"Excepts images in the whole cluster, or in the namespaces that it names, under each constraint whose exceptionsFrom names this kind.",
			[]string{"image", "reason", "expires", "namespaces"}},
		{"ImageException", "imgex", "Namespaced",
			"Excepts images in its own namespace, under each constraint whose exceptionsFrom names this kind.",
			[]string{"image", "reason", "expires"}},
	}
}

// ExceptionCRDs returns the CustomResourceDefinitions of exceptions that are objects. Their spec has the schema, and so the
// rules, of an exception in a constraint, as the library's parameters.yaml has it. The generator is named in the first line.
func ExceptionCRDs(lib fs.FS, generator string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Generated from ../lib/%s by %s.\n", ParametersFile, generator)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, kind := range exceptionKinds() {
		exception, err := exceptionSchema(lib)
		if err != nil {
			return nil, err
		}
		if err := e.Encode(kind.crd(exception)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), e.Close()
}

// exceptionSchema is that of an exception in a constraint.
func exceptionSchema(lib fs.FS) (*yaml.Node, error) {
	content, err := fs.ReadFile(lib, ParametersFile)
	if err != nil {
		return nil, err
	}
	shared, err := decode("lib/"+ParametersFile, content)
	if err != nil {
		return nil, err
	}
	exception := value(value(shared, "exceptions"), "items")
	if exception == nil {
		return nil, fmt.Errorf("lib/%s has no exceptions with items", ParametersFile)
	}
	return exception, follow(exception, shared)
}

func (k exceptionKind) crd(exception *yaml.Node) *yaml.Node {
	singular := strings.ToLower(k.kind)
	return mapping(
		entry{"apiVersion", text("apiextensions.k8s.io/v1")},
		entry{"kind", text("CustomResourceDefinition")},
		entry{"metadata", mapping(entry{"name", text(singular + "s." + exceptionsGroup)})},
		entry{"spec", mapping(
			entry{"group", text(exceptionsGroup)},
			entry{"scope", text(k.scope)},
			entry{"names", mapping(
				entry{"kind", text(k.kind)},
				entry{"listKind", text(k.kind + "List")},
				entry{"plural", text(singular + "s")},
				entry{"singular", text(singular)},
				entry{"shortNames", sequence(text(k.short))},
			)},
			entry{"versions", sequence(mapping(
				entry{"name", text(exceptionsVersion)},
				entry{"served", literal("!!bool", "true")},
				entry{"storage", literal("!!bool", "true")},
				entry{"additionalPrinterColumns", columns()},
				entry{"schema", mapping(entry{"openAPIV3Schema", k.schema(exception)})},
			))},
		)},
	)
}

// columns are what kubectl get shows.
func columns() *yaml.Node {
	column := func(name, kind, path string) *yaml.Node {
		return mapping(entry{"name", text(name)}, entry{"type", text(kind)}, entry{"jsonPath", text(path)})
	}
	return sequence(
		column("Image", "string", ".spec.image"), column("Expires", "string", ".spec.expires"),
		column("Reason", "string", ".spec.reason"), column("Age", "date", ".metadata.creationTimestamp"),
	)
}

func (k exceptionKind) schema(exception *yaml.Node) *yaml.Node {
	var fields []entry
	for _, name := range k.fields {
		fields = append(fields, entry{name, value(value(exception, "properties"), name)})
	}
	standard := func(kind string) *yaml.Node { return mapping(entry{"type", text(kind)}) }
	return mapping(
		entry{"description", text(k.about)},
		entry{"type", text("object")},
		entry{"required", sequence(text("spec"))},
		entry{"properties", mapping(
			entry{"apiVersion", standard("string")},
			entry{"kind", standard("string")},
			entry{"metadata", standard("object")},
			entry{"spec", mapping(
				entry{"description", text("What is excepted, why and until when.")},
				entry{"type", text("object")},
				entry{"required", value(exception, "required")},
				entry{"properties", mapping(fields...)},
			)},
		)},
	)
}
