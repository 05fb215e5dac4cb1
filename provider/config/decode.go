package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/spelling"
)

// decoder lays a YAML document over a struct that holds the defaults. It walks
// the document itself: the yaml package's own strictness names no path of a key and no
// nearest key, and takes other spellings of a bool and a number.
type decoder struct {
	found  []problem
	lines  map[string]int // where each key's value stands, for the checks after
	broken bool           // not YAML at all: no use to look further
}

func (d *decoder) problem(line int, key, format string, args ...any) {
	d.found = append(d.found, problem{line, key, fmt.Sprintf(format, args...)})
}

// decode reads data's only document into the struct that into points to.
func (d *decoder) decode(data []byte, into any) {
	root, wrong := document(data)
	if wrong != nil {
		d.broken = true
		d.found = append(d.found, *wrong)
		return
	}
	if root != nil {
		d.value(root, reflect.ValueOf(into).Elem(), "")
	}
}

// value reads n into v. An empty n leaves the default that v holds.
func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
	if empty(n) {
		return
	}
	d.lines[key] = n.Line
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.scalar(n, key, text.UnmarshalText)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, key)
	case reflect.Slice:
		d.sequence(n, v, key)
	default:
		d.scalar(n, key, func(text []byte) error { return setPlain(v, string(text)) })
	}
}

func (d *decoder) scalar(n *yaml.Node, key string, set func([]byte) error) {
	if n.Kind != yaml.ScalarNode {
		d.problem(n.Line, key, "is %s; write a single value", kind(n))
		return
	}
	if err := set([]byte(n.Value)); err != nil {
		d.problem(n.Line, key, "%v%s", err, bound(key))
	}
}

// setPlain reads text into a string, bool or int. YAML's many spellings of a
// bool and a number are not all taken: one clear way each.
func setPlain(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false; write one of them", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number that can be read; write one in digits", text)
		}
		v.SetInt(int64(n))
	default:
		return fmt.Errorf("a %s cannot be set from a file", v.Type())
	}
	return nil
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		d.problem(n.Line, key, "is %s; write a list, like [a, b]", kind(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", key, i)
		d.lines[at] = item.Line
		d.value(item, list.Index(i), at)
	}
	v.Set(list)
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n.Line, "", "%s is %s; write keys with values", cmp.Or(key, "the file"), kind(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, item := n.Content[i], n.Content[i+1]
		if name.Kind != yaml.ScalarNode {
			d.problem(name.Line, "", "a key %s is %s; write a plain word", place(key), kind(name))
			continue
		}
		if first := seen[name.Value]; first > 0 {
			d.problem(name.Line, "", "duplicate key %q %s, first set in line %d; keep one", name.Value, place(key), first)
			continue
		}
		seen[name.Value] = name.Line
		d.field(name, item, v, key)
	}
}

// field reads item into the field of v that the key name stands for.
func (d *decoder) field(name, item *yaml.Node, v reflect.Value, key string) {
	known := keys(v.Type())
	for i, k := range known {
		if name.Value == k {
			d.value(item, v.Field(i), strings.TrimPrefix(key+"."+k, "."))
			return
		}
	}
	d.problem(name.Line, "", "unknown key %q %s; %s", name.Value, place(key), spelling.Advice(name.Value, known))
}

// keys returns the keys of the struct type t, in the order of its fields.
func keys(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

// place names where a key stands, as people say it.
func place(key string) string {
	if key == "" {
		return "at the top level"
	}
	return "in " + key
}
