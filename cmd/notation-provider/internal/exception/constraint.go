package exception

import (
	"maps"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Kind is the kind of the constraints that ask a provider.
const Kind = "SignedImages"

// Constraint is a SignedImages object, as far as it says what is excepted where.
type Constraint struct {
	// Name is the object's.
	Name string
	// Denies is false for a constraint that only warns or reports.
	Denies bool
	// Problem is why it admits no image, and its exceptions count for nothing; "" if it says what it wants.
	Problem string
	// Unknown are its parameters that the template does not have, sorted. The API server refuses or drops them.
	Unknown []string
	// Exceptions are in the order of the object.
	Exceptions []Exception

	from                 []string // the kinds of objects whose exceptions count too
	images               []string // canonical patterns
	wants                []want
	namespaces, excluded []string
	named                bool // whether namespaces are named
}

// Read reads a constraint; false for any other object.
func Read(object map[string]any) (Constraint, bool) {
	group, _, _ := strings.Cut(workload.Text(object, "apiVersion"), "/")
	if group != "constraints.gatekeeper.sh" || workload.Text(object, "kind") != Kind {
		return Constraint{}, false
	}
	action := workload.Text(object, "spec", "enforcementAction")
	c := Constraint{Name: workload.Text(object, "metadata", "name"), Denies: action != "dryrun" && action != "warn"}
	parameters := workload.At(object, "spec", "parameters")
	c.Unknown = unknown(parameters)
	c.readImages(parameters)
	c.readWants(parameters)
	c.from = texts(workload.At(parameters, "exceptionsFrom"))
	match := workload.At(object, "spec", "match")
	c.namespaces, c.excluded = texts(workload.At(match, "namespaces")), texts(workload.At(match, "excludedNamespaces"))
	c.named = len(c.namespaces) > 0 // an empty list names none
	exceptions, _ := workload.At(parameters, "exceptions").([]any)
	for _, one := range exceptions {
		c.Exceptions = append(c.Exceptions, readException(one, Kind+"/"+c.Name))
	}
	return c, true
}

// Parameters are the names of what a constraint may say.
func Parameters() []string {
	return []string{"exceptions", "exceptionsFrom", "images", "provider", "requireMetadata", "signers", "support"}
}

// unknown are the names among parameters that the template does not have.
func unknown(parameters any) []string {
	object, _ := parameters.(map[string]any)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(object)), func(name string) bool { return slices.Contains(Parameters(), name) })
}

// readImages reads which images the constraint governs. One that cannot be read governs everything and excepts nothing.
func (c *Constraint) readImages(parameters any) {
	object, _ := parameters.(map[string]any)
	written, given := object["images"]
	if !given {
		written = []any{Everything}
	}
	list, _ := written.([]any)
	for _, one := range list {
		text, _ := one.(string)
		if canonical, ok := Canonical(text); ok {
			c.images = append(c.images, canonical)
		}
	}
	switch {
	case len(list) == 0 || len(c.images) != len(list):
		c.Problem = "parameters.images must hold patterns"
	case workload.Text(parameters, "provider") == "":
		c.Problem = "parameters.provider must name a provider"
	}
}

// texts are the elements of a list that are text.
func texts(value any) []string {
	list, _ := value.([]any)
	var all []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// In tells whether the constraint matches objects in a namespace. What else it matches by, such as kinds and labels, is
// not looked at. It counts as matching, and then an image must be excepted by this constraint too. Gatekeeper rules nothing
// out for an object without a namespace, and then the file may be for any.
func (c *Constraint) In(namespace string) bool {
	if namespace == "" {
		return true
	}
	like := func(glob string) bool { return matches(glob, namespace) }
	return (!c.named || slices.ContainsFunc(c.namespaces, like)) && !slices.ContainsFunc(c.excluded, like)
}

// matches compares as Gatekeeper does: a * at the beginning or at the end stands for anything.
func matches(glob, name string) bool {
	switch {
	case len(glob) > 1 && strings.HasPrefix(glob, "*") && strings.HasSuffix(glob, "*"):
		return strings.Contains(name, glob[1:len(glob)-1])
	case strings.HasPrefix(glob, "*"):
		return strings.HasSuffix(name, glob[1:])
	case strings.HasSuffix(glob, "*"):
		return strings.HasPrefix(name, glob[:len(glob)-1])
	}
	return glob == name
}

// Governs tells whether the constraint is about an image. Where that is not certain, it is.
func (c *Constraint) Governs(image provider.Image) bool {
	return c.Problem != "" || slices.ContainsFunc(c.images, func(pattern string) bool { return mayMean(pattern, image) })
}
