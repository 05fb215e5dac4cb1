package workload

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// documents hands each YAML document that has something in it to a function.
func documents(stream io.Reader, each func(any) error) error {
	loader, err := yaml.NewLoader(stream)
	if err != nil {
		return notYAML(err)
	}
	for {
		var node yaml.Node
		if err := loader.Load(&node); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return notYAML(err)
		}
		if len(node.Content) == 0 || node.Content[0].ShortTag() == "!!null" {
			continue
		}
		plain(&node)
		var value any
		if err := node.Load(&value); err != nil {
			return notYAML(err)
		}
		if err := each(value); err != nil {
			return err
		}
	}
}

// plain makes text of what YAML takes for a date, as the Kubernetes API does: an exception's end is text.
func plain(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!timestamp" {
		node.Tag = "!!str"
	}
	for _, child := range node.Content { // an alias has none, so no node is seen twice
		plain(child)
	}
}

// notYAML puts the yaml package's complaint on one line.
func notYAML(err error) error {
	if at, ok := errors.AsType[*yaml.LoadError](err); ok {
		return fmt.Errorf("it is not YAML at line %d: %s; correct it, or write it with kubectl get -o yaml", at.Mark.Line, oneLine(at.Message))
	}
	return fmt.Errorf("it is not YAML: %s; correct it, or write it with kubectl get -o yaml", oneLine(err.Error()))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
