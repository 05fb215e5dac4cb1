// Command generate writes each policy's template.yaml from its policy.rego and parameters.yaml and from the library they
// use, formats the Rego, and writes the CRDs of exceptions. It copies templates, presets, mutators and CRDs into the chart,
// unless the policies are in another folder. With -check it writes nothing and fails on what it would have written.
//
//	go run ./policies/generate [-check] [-chart FOLDER] [FOLDER]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"gitlab.com/ska-telescope/notation-provider/policies/template"
)

func main() {
	log.SetFlags(0)
	check := flag.Bool("check", false, "write nothing; fail if anything is out of date")
	chart := flag.String("chart", "", "the chart that gets copies; default: charts/notation-provider, or none for policies in another folder")
	flag.Parse()
	root := "policies"
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	} else if *chart == "" {
		*chart = "charts/notation-provider"
	}
	if err := run(root, *chart, *check); err != nil {
		log.Fatal(err)
	}
}

func run(root, chart string, check bool) error {
	put := write
	if check {
		put = compare
	}
	if err := formatAll(root, put); err != nil {
		return err
	}
	policies, err := filepath.Glob(filepath.Join(root, "*", template.PolicyFile))
	if err != nil {
		return err
	}
	var failed []error
	for _, policy := range policies {
		folder := filepath.Dir(policy)
		text, err := template.Generate(folder, os.DirFS(filepath.Join(root, "lib")), "make generate")
		if err == nil {
			err = put(filepath.Join(folder, template.TemplateFile), text)
		}
		failed = append(failed, err)
	}
	if err := exceptions(root, put); err != nil {
		failed = append(failed, err)
	}
	if chart != "" {
		failed = append(failed, copyAll(root, chart, put))
	}
	return errors.Join(failed...)
}

// exceptions writes the CRDs of exceptions that are objects. Policies in another folder have none: the cluster's are these.
func exceptions(root string, put func(path string, content []byte) error) error {
	folder := filepath.Join(root, "exceptions")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := template.ExceptionCRDs(os.DirFS(filepath.Join(root, "lib")), "make generate")
	if err != nil {
		return err
	}
	return put(filepath.Join(folder, "crds.yaml"), text)
}

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
		formatted, err := template.Format(path, text)
		if err == nil {
			err = put(filepath.Join(root, path), formatted)
		}
		failed = append(failed, err)
		return nil
	})
	return errors.Join(append(failed, err)...)
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // likewise
		return err
	}
	return os.WriteFile(path, content, 0o644) //nolint:gosec // source files are for everyone to read
}

func compare(path string, content []byte) error {
	if is, err := os.ReadFile(path); err != nil || !bytes.Equal(is, content) {
		return fmt.Errorf("%s is out of date: run make generate", path)
	}
	return nil
}
