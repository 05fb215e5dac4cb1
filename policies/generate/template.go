package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Template writes the ConstraintTemplate of the policy in a folder below root.
func Template(root, name string) ([]byte, error) {
	policy, err := read(filepath.Join(root, name, "policy.rego"))
	if err != nil {
		return nil, err
	}
	libs, err := library(root, policy)
	if err != nil {
		return nil, err
	}
	about, err := policy.about()
	if err != nil {
		return nil, err
	}
	schema, shared, err := parameters(root, name)
	if err != nil {
		return nil, err
	}
	if err := check(policy, libs, schema, shared); err != nil {
		return nil, err
	}
	kind, ok := about.Custom["kind"].(string)
	if !ok || strings.ToLower(kind) != name {
		return nil, fmt.Errorf("%s: custom.kind is %v; a policy's folder is its kind in lower case", name, about.Custom["kind"])
	}
	document := mapping(
		entry{"apiVersion", text("templates.gatekeeper.sh/v1")},
		entry{"kind", text("ConstraintTemplate")},
		entry{"metadata", mapping(
			entry{"name", text(name)},
			entry{"annotations", mapping(
				entry{"metadata.gatekeeper.sh/title", text(about.Title)},
				entry{"metadata.gatekeeper.sh/version", text(fmt.Sprint(about.Custom["version"]))},
				entry{"description", text(strings.Join(strings.Fields(about.Description), " "))},
			)},
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
						entry{"rego", text(policy.text)},
						entry{"libs", sequence(texts(libs)...)},
					)},
				))},
			))},
		)},
	)
	return encode(document)
}

// parameters is the schema of the policy's parameters, with what it refers to ($ref: name) taken from the library's, and
// the library's.
func parameters(root, name string) (own, shared *yaml.Node, err error) {
	if shared, err = decode(filepath.Join(root, "lib", "parameters.yaml")); err != nil {
		return nil, nil, err
	}
	if own, err = decode(filepath.Join(root, name, "parameters.yaml")); err != nil {
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

// value is what a mapping has under a key, if it is one and has it.
func value(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func decode(path string) (*yaml.Node, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: an OpenAPI schema is wanted, such as type: object", path)
	}
	return document.Content[0], nil
}

func encode(document *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Generated from policy.rego, parameters.yaml and ../lib by make generate.\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func literal(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// text is a string; of more lines than one, a block that reads as it is written.
func text(value string) *yaml.Node {
	node := literal("!!str", value)
	if strings.Contains(value, "\n") {
		node.Style = yaml.LiteralStyle
	}
	return node
}

func texts(modules []module) []*yaml.Node {
	nodes := make([]*yaml.Node, 0, len(modules))
	for _, m := range modules {
		nodes = append(nodes, text(m.text))
	}
	return nodes
}

func sequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

// entry is a key and what it stands for.
type entry struct {
	key   string
	value *yaml.Node
}

func mapping(entries ...entry) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range entries {
		node.Content = append(node.Content, text(e.key), e.value)
	}
	return node
}
