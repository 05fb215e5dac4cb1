package engine

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// extensions of the files that are read in a directory.
var extensions = []string{".yaml", ".yml", ".json"}

// ReadObjects reads the objects in files, and in the YAML and JSON files of directories and all below. In a directory,
// documents that are no objects are passed over.
func ReadObjects(paths ...string) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || file != path && !slices.Contains(extensions, filepath.Ext(file)) {
				return err
			}
			objects, err := readFile(file, file == path)
			all = append(all, objects...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readFile reads one file. Named, it must hold objects only.
func readFile(file string, named bool) ([]*unstructured.Unstructured, error) {
	text, err := regularfile.Read(file, regularfile.MaxText)
	if err != nil {
		return nil, err
	}
	documents, err := reader.ReadK8sResources(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var objects []*unstructured.Unstructured
	for _, document := range documents {
		switch {
		case document.GetKind() != "" && document.GetAPIVersion() != "":
			objects = append(objects, document)
		case named:
			return nil, fmt.Errorf("%s: a document without apiVersion and kind is no object", file)
		}
	}
	return objects, nil
}
