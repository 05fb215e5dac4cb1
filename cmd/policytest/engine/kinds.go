package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

const wildcard = "*" // in a match: every API group, every kind

var apiVersion = regexp.MustCompile(`^v\d+((alpha|beta)\d+)?$`)

// checkKinds finds the kinds and API groups of a match that no object can have. Examples are a resource's name for a kind's, a
// group with a version, a kind of Kubernetes in a group that it is not in. What may be a kind of another's API it lets pass.
func checkKinds(groups, kinds []string) error {
	for _, group := range groups {
		if err := checkGroup(group); err != nil {
			return err
		}
	}
	for _, kind := range kinds {
		if err := checkKind(groups, kind); err != nil {
			return err
		}
	}
	return nil
}

func checkGroup(group string) error {
	name, _, versioned := strings.Cut(group, "/")
	switch {
	case apiVersion.MatchString(name) || name == "core":
		return fmt.Errorf(`%q is no API group; the group of Pod is ""`, group)
	case versioned:
		return fmt.Errorf("%q is no API group; write %q, without the version", group, name)
	}
	return nil
}

func checkKind(groups []string, kind string) error {
	known, all := ownKinds()
	everywhere := len(groups) == 0 || slices.Contains(groups, wildcard)
	foreign := slices.ContainsFunc(groups, func(group string) bool { return !slices.Contains(all, group) })
	of, ok := known[kind]
	switch {
	case kind == wildcard || ok && (everywhere || foreign || overlap(of, groups)):
		return nil
	case ok:
		return fmt.Errorf("kind %q is in the API group %s, and not in %s", kind, quoted(slices.Sorted(slices.Values(of))), quoted(slices.Sorted(slices.Values(groups))))
	}
	var candidates []string
	for name, of := range known {
		if everywhere || overlap(of, groups) {
			candidates = append(candidates, name)
		}
	}
	slices.Sort(candidates)
	return misspelt(kind, candidates, everywhere || foreign)
}

// misspelt looks for the kind that was meant. Where a kind may be of another's API, only a resource's name is surely none.
func misspelt(kind string, candidates []string, free bool) error {
	for _, name := range candidates {
		if strings.EqualFold(kind, name) || strings.EqualFold(kind, name+"s") || strings.EqualFold(kind, name+"es") {
			return fmt.Errorf("%q is no kind; write %q", kind, name)
		}
	}
	if near := nearest(kind, candidates); near != "" && !free {
		return fmt.Errorf("there is no kind %q; did you mean %q?", kind, near)
	}
	return nil
}

// ownKinds are Kubernetes's own kinds with their API groups, and all of these groups.
var ownKinds = sync.OnceValues(func() (known map[string][]string, groups []string) {
	known = map[string][]string{}
	for kind := range scheme.Scheme.AllKnownTypes() {
		if kind.Version == runtime.APIVersionInternal {
			continue
		}
		if !slices.Contains(known[kind.Kind], kind.Group) {
			known[kind.Kind] = append(known[kind.Kind], kind.Group)
		}
		if !slices.Contains(groups, kind.Group) {
			groups = append(groups, kind.Group)
		}
	}
	return known, groups
})

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
