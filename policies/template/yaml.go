package template

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

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

func decode(path string, content []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: an OpenAPI schema is wanted, such as type: object", path)
	}
	return document.Content[0], nil
}

func encode(document *yaml.Node, generator string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header(generator))
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
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

func codes(modules []module) []*yaml.Node {
	nodes := make([]*yaml.Node, 0, len(modules))
	for _, m := range modules {
		nodes = append(nodes, text(m.code()))
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

// header is the first line of a template.
func header(generator string) string {
	return fmt.Sprintf("# Generated from %s, %s and ../lib by %s.\n", PolicyFile, ParametersFile, generator)
}
