package engine

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// inventory has the exceptions that are objects, as the client's data.inventory has them among all others. An explainer is
// asked with it, and with each object of it alone.
type inventory []*unstructured.Unstructured

// addException adds an exception that is an object.
func (e *Engine) addException(ctx context.Context, object *unstructured.Unstructured) error {
	if _, err := e.client.AddData(ctx, object); err != nil {
		return err
	}
	e.exceptions = append(e.exceptions, object)
	slices.SortFunc(e.exceptions, func(a, b *unstructured.Unstructured) int { return strings.Compare(sourceOf(a), sourceOf(b)) })
	return nil
}

// sourceOf is what an exception that is an object is called, as policies call it.
func sourceOf(object *unstructured.Unstructured) string {
	return object.GetKind() + " " + object.GetName()
}

// data is what stands in data.inventory, as Gatekeeper lays it out.
func (i inventory) data() map[string]any {
	all := map[string]any{}
	for _, object := range i {
		path := []string{"cluster", object.GetAPIVersion(), object.GetKind()}
		if namespace := object.GetNamespace(); namespace != "" {
			path = []string{"namespace", namespace, object.GetAPIVersion(), object.GetKind()}
		}
		below(all, path)[object.GetName()] = object.Object
	}
	return all
}

// below is the map at a path; what is not there is made.
func below(all map[string]any, path []string) map[string]any {
	for _, name := range path {
		next, ok := all[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			all[name] = next
		}
		all = next
	}
	return all
}
