package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// copies are what the chart has of the policies, by the name of the copy below its files folder. They are templates,
// presets, mutators, and what exceptions that are objects need. A chart can be packaged only with what lies in its
// own folder.
func copies(root string) (map[string]string, error) {
	found := map[string]string{}
	for pattern, folder := range map[string]string{
		"*/template.yaml":              "templates",
		"presets/*/constraint*.yaml":   "presets",
		"presets/*/*/constraint*.yaml": "presets",
		"mutation/*s.yaml":             "mutation", // those of kinds; not the Provider, which is the chart's own
		"mutation/ephemeral/*l.yaml":   "mutation",
		"exceptions/[cs]*.yaml":        "exceptions", // CRDs and SyncSet
	} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range paths {
			below, err := filepath.Rel(root, file)
			if err != nil {
				return nil, err
			}
			found[folder+"/"+nameOf(filepath.ToSlash(below))+".yaml"] = file
		}
	}
	return found, nil
}

// nameOf names a copy: of signedimages/template.yaml it is signedimages, of presets/skao/today/constraint.yaml skao-today, of
// mutation/pods.yaml pods, of exceptions/crds.yaml crds.
func nameOf(below string) string {
	if strings.HasPrefix(below, "mutation/") || strings.HasPrefix(below, "exceptions/") {
		return strings.TrimSuffix(path.Base(below), ".yaml")
	}
	return strings.ReplaceAll(strings.TrimPrefix(path.Dir(below), "presets/"), "/", "-")
}

// copyAll puts the copies into the chart, and refuses files beside them.
func copyAll(root, chart string, put func(path string, content []byte) error) error {
	from, err := copies(root)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(from)) {
		content, err := os.ReadFile(from[name])
		if err == nil {
			err = put(filepath.Join(chart, "files", filepath.FromSlash(name)), content)
		}
		failed = append(failed, err)
	}
	return errors.Join(append(failed, strangers(chart, from))...)
}

// strangers are files of the chart that nothing is copied to any more.
func strangers(chart string, from map[string]string) error {
	paths, err := filepath.Glob(filepath.Join(chart, "files", "*", "*"))
	failed := []error{err}
	for _, file := range paths {
		below, err := filepath.Rel(filepath.Join(chart, "files"), file)
		if err == nil && from[filepath.ToSlash(below)] == "" {
			err = fmt.Errorf("%s is a copy of nothing in policies: remove it", file)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
