package config

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// document returns the root of the only document in data, or nil if there is
// nothing in it.
func document(data []byte) (*yaml.Node, *problem) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, notYAML(err)
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, notYAML(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, &problem{line: second.Line, text: "a second YAML document starts here; keep one"}
	} else if !errors.Is(err, io.EOF) {
		return nil, notYAML(err)
	}
	if len(first.Content) == 0 {
		return nil, nil
	}
	return first.Content[0], nil
}

// notYAML puts the yaml package's complaint in our form, on one line.
func notYAML(err error) *problem {
	p := problem{text: err.Error()}
	if at, ok := errors.AsType[*yaml.LoadError](err); ok {
		p.line, p.text = at.Mark.Line, at.Message
	}
	p.text = "is not YAML: " + strings.Join(strings.Fields(p.text), " ")
	return &p
}

// empty tells whether n says nothing: null, "", [] or {}.
func empty(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return n.Value == "" || n.ShortTag() == "!!null"
	}
	return n.Kind != yaml.AliasNode && len(n.Content) == 0
}

// kind names what n is, as people say it.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		return "a single value"
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a set of keys"
	default:
		return "an alias, which is not taken here"
	}
}
