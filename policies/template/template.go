// Package template makes a ConstraintTemplate of a policy. It is made of its Rego, its METADATA, the schema of its
// parameters, and the parts of the policy library that it imports. It refuses what Gatekeeper would take and leave
// undefined, since a rule that is undefined denies nothing.
package template

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// The files of a policy's folder.
const (
	PolicyFile     = "policy.rego"
	TestFile       = "policy_test.rego"
	ParametersFile = "parameters.yaml"
	TemplateFile   = "template.yaml"
)

// Generate returns the ConstraintTemplate of the policy in a folder, which has the name of the policy's kind in lower case.
// The library is that of package lib, or another copy of it. The generator is named in the file's first line.
func Generate(folder string, lib fs.FS, generator string) ([]byte, error) {
	file := filepath.Join(folder, PolicyFile)
	rego, err := regularfile.Read(file, regularfile.MaxText)
	if err != nil {
		return nil, err
	}
	policy, err := parse(file, rego)
	if err != nil {
		return nil, err
	}
	libs, err := library(lib, policy)
	if err != nil {
		return nil, err
	}
	schema, shared, err := parameters(folder, lib)
	if err != nil {
		return nil, err
	}
	if err := check(policy, libs, schema, shared); err != nil {
		return nil, err
	}
	about, err := policy.about()
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(absolute)
	kind, ok := about.Custom["kind"].(string)
	if !ok || strings.ToLower(kind) != name {
		return nil, fmt.Errorf("%s: custom.kind is %v; a policy's folder is its kind in lower case", file, about.Custom["kind"])
	}
	synced, err := syncData(append([]module{policy}, libs...))
	if err != nil {
		return nil, err
	}
	return encode(document(name, kind, about, synced, schema, policy, libs), generator)
}

// document is the ConstraintTemplate.
func document(name, kind string, about *ast.Annotations, synced string, schema *yaml.Node, policy module, libs []module) *yaml.Node {
	annotations := []entry{
		{"metadata.gatekeeper.sh/title", text(about.Title)},
		{"metadata.gatekeeper.sh/version", text(fmt.Sprint(about.Custom["version"]))},
		{"description", text(strings.Join(strings.Fields(about.Description), " "))},
	}
	if synced != "" {
		annotations = append(annotations, entry{"metadata.gatekeeper.sh/requires-sync-data", text(synced)})
	}
	return mapping(
		entry{"apiVersion", text("templates.gatekeeper.sh/v1")},
		entry{"kind", text("ConstraintTemplate")},
		entry{"metadata", mapping(
			entry{"name", text(name)},
			entry{"annotations", mapping(annotations...)},
		)},
		entry{"spec", mapping(
			entry{"crd", mapping(entry{"spec", mapping(
				entry{"names", mapping(entry{"kind", text(kind)})},
				entry{"validation", mapping(
					entry{"legacySchema", literal("!!bool", "false")},
					entry{"openAPIV3Schema", schema},
				)},
			)})},
			entry{"targets", sequence(mapping(
				entry{"target", text("admission.k8s.gatekeeper.sh")},
				entry{"code", sequence(mapping(
					entry{"engine", text("Rego")},
					entry{"source", mapping(
						entry{"version", text("v1")},
						entry{"rego", text(policy.code())},
						entry{"libs", sequence(codes(libs)...)},
					)},
				))},
			))},
		)},
	)
}

// parameters is the schema of the policy's parameters, with what it refers to ($ref: name) taken from the library's, and
// the library's.
func parameters(folder string, lib fs.FS) (own, shared *yaml.Node, err error) {
	text, err := fs.ReadFile(lib, ParametersFile)
	if err != nil {
		return nil, nil, err
	}
	if shared, err = decode("lib/"+ParametersFile, text); err != nil {
		return nil, nil, err
	}
	file := filepath.Join(folder, ParametersFile)
	if text, err = regularfile.Read(file, regularfile.MaxText); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w; it is the schema of the constraint's parameters: of none, write type: object", err)
	} else if err != nil {
		return nil, nil, err
	}
	if own, err = decode(file, text); err != nil {
		return nil, nil, err
	}
	return own, shared, follow(own, shared)
}

// follow puts what the schema refers to in the place of each reference.
func follow(node, shared *yaml.Node) error {
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "$ref" {
		target := value(shared, node.Content[1].Value)
		if target == nil {
			return fmt.Errorf("lib/parameters.yaml has no %q", node.Content[1].Value)
		}
		*node = *target
	}
	node.Style &^= yaml.FlowStyle
	node.HeadComment = ""
	for _, child := range node.Content {
		if err := follow(child, shared); err != nil {
			return err
		}
	}
	return nil
}
