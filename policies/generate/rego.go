package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// formatAll formats every Rego file below root.
func formatAll(root string, put func(path string, content []byte) error) error {
	var failed []error
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".rego" {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		formatted, err := format.SourceWithOpts(path, text, format.Opts{RegoVersion: ast.RegoV1})
		if err == nil {
			err = put(filepath.Join(root, path), formatted)
		}
		failed = append(failed, err)
		return nil
	})
	return errors.Join(append(failed, err)...)
}

// module is one Rego file.
type module struct {
	text   string
	parsed *ast.Module
}

func read(path string) (module, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return module{}, err
	}
	parsed, err := ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
	if err != nil {
		return module{}, err
	}
	m := module{text: string(text), parsed: parsed}
	return m, nil
}

// about is the METADATA of the module's package: what the template says of itself.
func (m module) about() (*ast.Annotations, error) {
	for _, a := range m.parsed.Annotations {
		if a.Scope == "package" {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: the package has no METADATA", m.parsed.Package.Location.File)
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
func library(root string, user module) ([]module, error) {
	found := map[string]module{}
	for todo := user.imports(); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if _, ok := found[name]; ok {
			continue
		}
		m, err := read(filepath.Join(root, "lib", name, name+".rego"))
		if err != nil {
			return nil, fmt.Errorf("data.lib.%s: the library has no such package: %w", name, err)
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
