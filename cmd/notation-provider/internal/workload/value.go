package workload

import (
	"maps"
	"slices"
)

// At returns what stands at a path of keys; nil if there is nothing.
func At(value any, path ...string) any {
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// Text returns the text at a path; "" for anything else.
func Text(value any, path ...string) string {
	text, _ := At(value, path...).(string)
	return text
}

// elements are those of a list, or the values of an object, as Rego has them: what should be a list must not be overlooked.
func elements(value any) []any {
	switch value := value.(type) {
	case []any:
		return value
	case map[string]any:
		var all []any
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, value[key])
		}
		return all
	}
	return nil
}

// has returns what stands at a key, also where that is null.
func has(value any, key string) (any, bool) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	found, ok := object[key]
	return found, ok
}
