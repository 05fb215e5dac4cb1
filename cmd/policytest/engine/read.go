package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// extensions of the files that are read in a directory.
var extensions = []string{".yaml", ".yml", ".json"}

// ReadObjects reads the objects in files, in the YAML and JSON files of directories and all below, and in lists. In a
// directory, documents that are no objects are passed over; but each path must hold an object. The path "-" is standard input.
func ReadObjects(paths ...string) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, path := range paths {
		before := len(all)
		if path == "-" {
			objects, err := readStream(os.Stdin)
			if err != nil {
				return nil, err
			}
			all = append(all, objects...)
			continue
		}
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
		if len(all) == before {
			return nil, fmt.Errorf("%s holds no object", path)
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
	return parse(text, file, named)
}

// readStream reads a stream, which must hold objects only.
func readStream(in io.Reader) ([]*unstructured.Unstructured, error) {
	text, err := regularfile.ReadAll(in, "standard input", regularfile.MaxText)
	if err != nil {
		return nil, err
	}
	objects, err := parse(text, "standard input", true)
	if err == nil && len(objects) == 0 {
		err = errors.New("standard input holds no object")
	}
	return objects, err
}

// ParseObjects reads the objects in a text, which is called file in errors and must hold objects only.
func ParseObjects(file string, text []byte) ([]*unstructured.Unstructured, error) {
	return parse(text, file, true)
}

// parse reads the objects in a text that is called file in errors.
func parse(text []byte, file string, named bool) ([]*unstructured.Unstructured, error) {
	documents, err := reader.ReadK8sResources(bytes.NewReader(text))
	if err == nil {
		err = checkKeys(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var objects []*unstructured.Unstructured
	for _, document := range documents {
		kind, version := document.GetKind() != "", document.GetAPIVersion() != ""
		switch {
		case kind && version:
			flat, err := flatten(document, 1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, flat...)
		case named || kind || version:
			return nil, fmt.Errorf("%s: a document without apiVersion and kind is no object", file)
		}
	}
	return objects, nil
}

// checkKeys refuses a document with a key twice: the reader takes the last one and drops what stands below the first.
func checkKeys(text []byte) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if err != nil {
			return nil //nolint:nilerr // the end; what cannot be read at all is told by the reader
		}
		if _, err := yaml.YAMLToJSONStrict(document); err != nil && strings.Contains(err.Error(), "already set in map") {
			return err
		}
	}
}
