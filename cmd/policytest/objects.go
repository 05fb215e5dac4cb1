package main

import (
	"fmt"
	"io"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gitlab.com/ska-telescope/notation-provider/cmd/internal/cli"
	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
)

// readObjects reads what is to be decided on, and what decides: without either, everything would be admitted.
func readObjects(files []string) ([]*unstructured.Unstructured, error) {
	objects, err := engine.ReadObjects(files...)
	if err != nil {
		return nil, cli.UsageError("-f: %w", err)
	}
	if objects, err = distinct(objects); err != nil {
		return nil, cli.UsageError("-f: %w", err)
	}
	count := map[engine.Role]int{}
	for _, object := range objects {
		count[engine.RoleOf(object)]++
	}
	switch {
	case count[engine.Constraint] == 0:
		return nil, cli.UsageError("-f: no constraint among the objects, so nothing could be denied")
	case count[engine.Reviewed]+count[engine.Admission]+count[engine.EmptyList] == 0:
		return nil, cli.UsageError("-f: there is no object to judge, only what configures Gatekeeper")
	}
	return objects, nil
}

// distinct drops an object that is given twice. Of two that differ, and that others are judged by, the engine would silently
// take the second: this is an error. Two that are judged and differ are each judged.
func distinct(objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	type identity struct{ group, kind, namespace, name string }
	known := map[identity][]*unstructured.Unstructured{}
	var all []*unstructured.Unstructured
	for _, object := range objects {
		kind, role := object.GroupVersionKind(), engine.RoleOf(object)
		id := identity{kind.Group, kind.Kind, object.GetNamespace(), object.GetName()}
		if id.name == "" || role == engine.Admission {
			all = append(all, object)
			continue
		}
		if slices.ContainsFunc(known[id], func(other *unstructured.Unstructured) bool { return reflect.DeepEqual(object, other) }) {
			continue
		}
		namespace := kind.Group == "" && kind.Kind == "Namespace"
		if len(known[id]) > 0 && (role == engine.Template || role == engine.Constraint || role == engine.Expansion || role == engine.Excepting || namespace) {
			return nil, fmt.Errorf("%s is given twice, and the two differ; give one", engine.Describe(object))
		}
		known[id] = append(known[id], object)
		all = append(all, object)
	}
	return all, nil
}

// warnIdle names the templates and constraints that decided nothing.
func warnIdle(complaints io.Writer, objects []*unstructured.Unstructured, decisions []decision) {
	used := map[string]bool{} // kinds of constraints
	for _, object := range objects {
		if engine.RoleOf(object) == engine.Constraint {
			used[object.GetKind()] = true
			id := object.GetKind() + "/" + object.GetName()
			if !slices.ContainsFunc(decisions, func(d decision) bool { return slices.Contains(d.matched, id) }) {
				fmt.Fprintf(complaints, "policytest: warning: constraint %q judged none of the objects\n", object.GetName())
			}
		}
	}
	for _, object := range objects {
		if engine.RoleOf(object) != engine.Template {
			continue
		}
		if kind, _, _ := unstructured.NestedString(object.Object, "spec", "crd", "spec", "names", "kind"); !used[kind] {
			fmt.Fprintf(complaints, "policytest: warning: template %q has no constraint among the objects, so it decides nothing\n", object.GetName())
		}
	}
}
