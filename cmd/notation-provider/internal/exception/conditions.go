package exception

import (
	"slices"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// want is an entry of parameters.requireMetadata or parameters.signers.
type want struct {
	images     []string // canonical patterns
	conditions []provider.Condition
}

// readWants reads what the constraint wants of a signature beside the trust policy. An entry that cannot be read would want
// less than was meant: then the constraint admits nothing, as under policies/lib/conditions.
func (c *Constraint) readWants(parameters any) {
	object, _ := parameters.(map[string]any)
	for _, of := range []struct{ list, values, kind string }{
		{"requireMetadata", "metadata", provider.OfMetadata}, {"signers", "attributes", provider.OfSigner},
	} {
		written, given := object[of.list]
		list, isList := written.([]any)
		readable := isList || !given
		for _, entry := range list {
			one, ok := readWant(entry, of.values, of.kind)
			c.wants, readable = append(c.wants, one), readable && ok
		}
		if !readable && c.Problem == "" {
			c.Problem = "each entry of parameters." + of.list + " needs patterns as images, and strings as " + of.values
		}
	}
}

// readWant reads one entry; false if any of it cannot be read.
func readWant(entry any, values, kind string) (want, bool) {
	var w want
	images, _ := workload.At(entry, "images").([]any)
	for _, image := range images {
		text, _ := image.(string)
		canonical, ok := Canonical(text)
		if !ok {
			return want{}, false
		}
		w.images = append(w.images, canonical)
	}
	wanted, _ := workload.At(entry, values).(map[string]any)
	for name, value := range wanted {
		text, _ := value.(string)
		known := kind == provider.OfMetadata && name != "" || kind == provider.OfSigner && slices.Contains(provider.IdentityAttributes(), name)
		if text == "" || !known {
			return want{}, false
		}
		w.conditions = append(w.conditions, provider.Condition{Of: kind, Name: name, Value: text})
	}
	return w, len(w.images) > 0 && len(w.conditions) > 0
}

// Wants tells whether the constraint wants anything of a signature beside the trust policy.
func (c *Constraint) Wants() bool { return len(c.wants) > 0 }

// Conditions are what the constraint wants of the signature of an image, in no order; none where it wants nothing.
// Where it is not certain that an entry is about other images, it is about this one.
func (c *Constraint) Conditions(image provider.Image) []provider.Condition {
	var all []provider.Condition
	for _, w := range c.wants {
		if slices.ContainsFunc(w.images, func(pattern string) bool { return mayMean(pattern, image) }) {
			all = append(all, w.conditions...)
		}
	}
	return all
}
