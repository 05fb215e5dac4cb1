package config_test

import (
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

// amounts calls f with every number, duration and size below v, and with its key.
func amounts(v reflect.Value, key string, f func(key string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			amounts(v.Field(i), strings.TrimPrefix(key+"."+v.Type().Field(i).Tag.Get("yaml"), "."), f)
		}
	case reflect.Int, reflect.Int64:
		f(key, v)
	default: // holds no amount
	}
}

// A key that somebody adds needs a bound, too, and says it in its text.
func TestEveryAmountHasABoundThatItsTextNames(t *testing.T) {
	is := regexp.MustCompile(` is too much; write (\S+) or less`)
	texts := comments(t)
	c := parse(t, minimal)
	amounts(reflect.ValueOf(&c).Elem(), "", func(key string, v reflect.Value) {
		was := v.Int()
		v.SetInt(math.MaxInt64)
		err := c.Validate()
		v.SetInt(was)
		if err == nil {
			t.Errorf("%s may be the largest number there is", key)
			return
		}
		found := is.FindStringSubmatch(err.Error())
		if found == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
			return
		}
		if !strings.Contains(texts[key], " "+found[1]) {
			t.Errorf("%s: its text does not name %s, its bound:\n%s", key, found[1], texts[key])
		}
	})
}

// comments are those of the annotated file, by key.
func comments(t *testing.T) map[string]string {
	t.Helper()
	var root yaml.Node
	if err := yaml.Load([]byte(withRegistry(config.Annotated())), &root); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var walk func(n *yaml.Node, key string)
	walk = func(n *yaml.Node, key string) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], n.Content[i+1]
			at := strings.TrimPrefix(key+"."+name.Value, ".")
			all[at] = words(strings.ReplaceAll(name.HeadComment, "#", ""))
			if i == 0 && all[at] == "" {
				all[at] = words(strings.ReplaceAll(n.HeadComment, "#", ""))
			}
			walk(value, at)
		}
	}
	walk(root.Content[0], "")
	return all
}
