package suites

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"
	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// document is a suite with the keys that every object of Kubernetes has.
type document struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   any    `json:"metadata"`
	verify.Suite
}

// checkKeys refuses keys that a suite does not have, each with its line. The runner drops them: an assertion with
// "violation: 2" would hold for any number of violations.
func checkKeys(text []byte) error {
	var root yaml.Node
	if err := yaml.Load(text, &root); err != nil || len(root.Content) == 0 {
		return err
	}
	return errors.Join(unknown(root.Content[0], reflect.TypeFor[document]())...)
}

// unknown are the keys in a node that a value of the type does not have. What reads its own JSON has no keys.
func unknown(node *yaml.Node, of reflect.Type) (problems []error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if reflect.PointerTo(of).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch {
	case of.Kind() == reflect.Pointer:
		return unknown(node, of.Elem())
	case of.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			problems = append(problems, unknown(item, of.Elem())...)
		}
	case of.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		known, types := fields(of)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if field := indexOf(key.Value, known); field >= 0 {
				problems = append(problems, unknown(node.Content[i+1], types[field])...)
			} else if key.Value != "<<" {
				problems = append(problems, fmt.Errorf("line %d: unknown key %q; %s", key.Line, key.Value, spelling.Advice(key.Value, known)))
			}
		}
	}
	return problems
}

// fields are the keys of a struct in JSON, with those of structs that it embeds, and the types of their values.
func fields(of reflect.Type) (names []string, types []reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			more, their := fields(field.Type)
			names, types = append(names, more...), append(types, their...)
		case name != "" && name != "-":
			names, types = append(names, name), append(types, field.Type)
		}
	}
	return names, types
}

// indexOf is the index of a name, whose case does not count, as in encoding/json; -1 if it is none.
func indexOf(name string, known []string) int {
	for i, k := range known {
		if strings.EqualFold(k, name) {
			return i
		}
	}
	return -1
}
