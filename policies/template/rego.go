package template

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// Format formats Rego as OPA does. The path is for errors.
func Format(path string, text []byte) ([]byte, error) {
	formatted, err := format.SourceWithOpts(path, text, format.Opts{RegoVersion: ast.RegoV1})
	return formatted, oneLineEach(err)
}

// oneLineEach makes an error of one line of each that OPA found. OPA's own has the source below each, over several lines.
func oneLineEach(err error) error {
	found, ok := errors.AsType[ast.Errors](err)
	if !ok {
		return err
	}
	var all []error
	for _, e := range found {
		all = append(all, at(e.Location, "%s: %s", e.Code, strings.Join(strings.Fields(e.Message), " ")))
	}
	return errors.Join(all...)
}

// module is one Rego file.
type module struct {
	text   string
	parsed *ast.Module
}

// parse parses a Rego file. The path is for errors.
func parse(path string, text []byte) (module, error) {
	parsed, err := ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
	if err != nil {
		return module{}, oneLineEach(err)
	}
	return module{text: string(text), parsed: parsed}, nil
}

// about is the METADATA of the module's package: what the template says of itself.
func (m module) about() (*ast.Annotations, error) {
	for _, a := range m.parsed.Annotations {
		if a.Scope == "package" {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: the package has no METADATA; write \"# METADATA\" above it, with title, description, custom.kind and custom.version, as policytest new does", m.parsed.Package.Location.File)
}

// imports are the names of the library's packages that the module uses.
func (m module) imports() []string {
	var names []string
	for _, i := range m.parsed.Imports {
		path, _ := i.Path.Value.(ast.Ref)
		if name := libraryPackage(path); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// library is all that a module uses, and what that uses, in the order of their names.
func library(lib fs.FS, user module) ([]module, error) {
	found := map[string]module{}
	for todo := user.imports(); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if _, ok := found[name]; ok {
			continue
		}
		file := path.Join(name, name+".rego")
		text, err := fs.ReadFile(lib, file)
		if err != nil {
			return nil, fmt.Errorf("data.lib.%s: the library has no such package: %w", name, err)
		}
		m, err := parse(path.Join("lib", file), text)
		if err != nil {
			return nil, err
		}
		found[name] = m
		todo = append(todo, m.imports()...)
	}
	var modules []module
	for _, name := range slices.Sorted(maps.Keys(found)) {
		modules = append(modules, found[name])
	}
	return modules, nil
}
