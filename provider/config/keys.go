package config

import (
	"reflect"
	"strings"
)

// Key is one thing that can be set, and how a change of it is applied.
type Key struct {
	// Name is its path, like limits.keys. A list is one key.
	Name string
	// Restart tells that a change is applied by a restart alone; else it is in force soon after
	// the file has changed.
	Restart bool
}

// Keys returns every key, in the order of the file.
func Keys() []Key {
	var all []Key
	walk(reflect.ValueOf(Config{}), "", func(key Key, _ []int) { all = append(all, key) })
	return all
}

// WantRestart returns the keys whose values differ in c and other, and of which a change is
// applied by a restart alone.
func (c Config) WantRestart(other Config) []string {
	var found []string
	a, b := reflect.ValueOf(c), reflect.ValueOf(other)
	walk(a, "", func(key Key, index []int) {
		if key.Restart && !reflect.DeepEqual(a.FieldByIndex(index).Interface(), b.FieldByIndex(index).Interface()) {
			found = append(found, key.Name)
		}
	})
	return found
}

// walk calls f for each key below v, with the index of its field from there.
func walk(v reflect.Value, above string, f func(key Key, index []int)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := strings.TrimPrefix(above+"."+field.Tag.Get("yaml"), ".")
		if field.Type.Kind() != reflect.Struct {
			f(Key{name, field.Tag.Get("applies") == "restart"}, []int{i})
			continue
		}
		walk(v.Field(i), name, func(key Key, index []int) { f(key, append([]int{i}, index...)) })
	}
}
