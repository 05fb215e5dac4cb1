package engine

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Bounds of lists: how deep they may be nested, and how many objects all files together may hold.
const (
	maxDepth   = 8
	maxObjects = 100_000
)

// isList tells a list, such as kubectl writes, from an object: a kind that ends in List, and items.
func isList(object *unstructured.Unstructured) bool {
	_, items := object.Object["items"]
	kind := strings.ToLower(object.GetKind())
	return strings.HasSuffix(kind, "list") && (items || kind == "list")
}

// flatten returns an object, or what is in it if it is a list. A list without items stays, see [EmptyList].
func flatten(object *unstructured.Unstructured, depth int) ([]*unstructured.Unstructured, error) {
	if !isList(object) {
		return []*unstructured.Unstructured{object}, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("lists are nested more than %d deep", maxDepth)
	}
	items, err := itemsOf(object)
	if err != nil || len(items) == 0 {
		return []*unstructured.Unstructured{object}, err
	}
	var all []*unstructured.Unstructured
	for i, item := range items {
		content, ok := item.(map[string]any)
		if !ok || len(content) == 0 {
			return nil, fmt.Errorf("%s: items[%d] is no object", Describe(object), i)
		}
		inner := &unstructured.Unstructured{Object: content}
		if err := complete(inner, object); err != nil {
			return nil, fmt.Errorf("%s: items[%d] %w", Describe(object), i, err)
		}
		objects, err := flatten(inner, depth+1)
		if err != nil {
			return nil, err
		}
		if all = append(all, objects...); len(all) > maxObjects {
			return nil, fmt.Errorf("%s holds more than %d objects; split it", Describe(object), maxObjects)
		}
	}
	return all, nil
}

func itemsOf(list *unstructured.Unstructured) ([]any, error) {
	switch items := list.Object["items"].(type) {
	case nil:
		return nil, nil
	case []any:
		return items, nil
	default:
		return nil, fmt.Errorf("%s: items is no array", Describe(list))
	}
}

// complete gives an item of a PodList, for example, the apiVersion and kind that it may leave out.
func complete(item, list *unstructured.Unstructured) error {
	kind := list.GetKind()[:len(list.GetKind())-len("List")]
	if kind != "" && item.GetKind() == "" {
		item.SetKind(kind)
	}
	if kind != "" && item.GetAPIVersion() == "" {
		item.SetAPIVersion(list.GetAPIVersion())
	}
	if item.GetKind() == "" || item.GetAPIVersion() == "" {
		return fmt.Errorf("has no apiVersion or no kind")
	}
	return nil
}
