package config_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/provider/config"
)

func TestTheAnnotatedFileIsTheDefault(t *testing.T) {
	filled := withRegistry(config.Annotated())
	for _, key := range []string{"certFile", "keyFile", "clientCAFile"} {
		filled = strings.Replace(filled, key+`: ""`, key+": "+key, 1)
	}
	got := parse(t, filled)
	want := config.Default()
	want.TLS.CertFile, want.TLS.KeyFile, want.TLS.ClientCAFile = "certFile", "keyFile", "clientCAFile"
	if len(want.Registries) > 0 {
		t.Errorf("the default has the registries %+v", want.Registries)
	}
	want.Registries = []config.Registry{{Host: "registry.example", Referrers: config.ReferrersAuto}}
	valkey := got.Cache.Evidence.Valkey
	want.Cache.Evidence.Valkey.Addresses, want.Cache.Evidence.Valkey.Nodes = valkey.Addresses, valkey.Nodes
	want.Egress.Allow, want.DockerConfigs, want.Registries[0].Storage = got.Egress.Allow, got.DockerConfigs, got.Registries[0].Storage
	if !reflect.DeepEqual(got, want) || len(got.Egress.Allow)+len(got.DockerConfigs)+len(want.Registries[0].Storage)+len(valkey.Addresses)+len(valkey.Nodes) > 0 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// withRegistry makes the example of an entry, which stands in comments, an entry.
func withRegistry(annotated string) string {
	before, example, found := strings.Cut(annotated, "registries: []\n# An entry, with the defaults of its keys:\n")
	if !found {
		panic("the annotated configuration has no example of a registry")
	}
	example, after, _ := strings.Cut(example, "\n\n")
	return before + "registries:\n" + strings.TrimPrefix(strings.ReplaceAll("\n"+example, "\n#", "\n"), "\n") + "\n\n" + after
}

func TestTheAnnotatedFileIsReadAsItIs(t *testing.T) {
	filled := strings.NewReplacer(`certFile: ""`, "certFile: c", `keyFile: ""`, "keyFile: k", `clientCAFile: ""`, "clientCAFile: a").Replace(config.Annotated())
	if got := parse(t, filled); len(got.Registries) != 0 {
		t.Errorf("registries: %+v", got.Registries)
	}
}

// The annotated file has each key with the words of its field.
func TestTheAnnotatedFileHasTheWordsOfEachField(t *testing.T) {
	var root yaml.Node
	if err := yaml.Load([]byte(withRegistry(config.Annotated())), &root); err != nil {
		t.Fatal(err)
	}
	sameManual(t, root.Content[0], reflect.TypeFor[config.Config](), "", fieldDocs(t))
}

// sameManual holds the keys of n against the fields of the struct type typ.
func sameManual(t *testing.T, n *yaml.Node, typ reflect.Type, path string, docs map[string]string) {
	t.Helper()
	if len(n.Content) != 2*typ.NumField() {
		t.Errorf("%s: %d keys in the file, %d fields in %s", path, len(n.Content)/2, typ.NumField(), typ)
	}
	for i := range min(typ.NumField(), len(n.Content)/2) {
		field, key, value := typ.Field(i), n.Content[2*i], n.Content[2*i+1]
		at := path + "." + field.Tag.Get("yaml")
		if key.Value != field.Tag.Get("yaml") {
			t.Errorf("the file has %s where %s has %s", key.Value, typ, at)
		}
		comment := key.HeadComment
		if i == 0 && comment == "" {
			comment = n.HeadComment // YAML gives it to the item when it stands before its dash
		}
		whole := docs[typ.Name()+"."+field.Name]
		if got := words(strings.ReplaceAll(comment, "#", "")); got != whole && got != firstSentence(whole) {
			t.Errorf("%s: the file says\n\t%s\nthe field says\n\t%s", at, got, whole)
		}
		switch {
		case field.Type.Kind() == reflect.Struct:
			sameManual(t, value, field.Type, at, docs)
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			sameManual(t, value.Content[0], field.Type.Elem(), at, docs)
		}
	}
}

// fieldDocs reads the doc comment of every field from the source, by "Type.Field".
func fieldDocs(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, file := range []string{"config.go", "evidence_valkey.go", "registry.go", "log.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					docs[spec.Name.Name+"."+f.Names[0].Name] = words(f.Doc.Text())
				}
			}
			return false
		})
	}
	return docs
}

func firstSentence(s string) string {
	if first, _, more := strings.Cut(s, ". "); more {
		return first + "."
	}
	return s
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }
