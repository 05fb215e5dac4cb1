package exception

import (
	"regexp"
	"slices"
	"time"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/workload"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Never is the end of an exception that does not end.
const Never = "never"

// Exception is one of a constraint, or an object of its own, as it was written.
type Exception struct {
	// From names the object it is from: its kind, a slash and its name.
	From string
	// Image is the pattern as it was written.
	Image string
	// Pattern is its canonical form; "" for what is no pattern.
	Pattern string
	// Reason is who vetted the image.
	Reason string
	// Expires is the last day it counts, in UTC, or [Never].
	Expires string
	// Namespaces are those it counts in. Everywhere is true if it names none.
	Namespaces []string
	Everywhere bool
	// Broken is why it counts for nothing on any day; "" for one that is whole.
	Broken string

	kind   string // of an exception that is an object; "" for one in a constraint
	within string // the namespace of the object; "" for none
}

// visible is a character that is no space.
var visible = regexp.MustCompile(`\S`)

// readException reads one; what is not as it should be is told in Broken.
func readException(value any, from string) Exception {
	e := Exception{
		From: from, Image: workload.Text(value, "image"), Reason: workload.Text(value, "reason"), Expires: workload.Text(value, "expires"),
	}
	object, _ := value.(map[string]any)
	namespaces, named := object["namespaces"]
	e.Everywhere = !named
	list, isList := namespaces.([]any)
	for _, one := range list {
		if name, ok := one.(string); ok {
			e.Namespaces = append(e.Namespaces, name)
		}
	}
	canonical, isPattern := Canonical(e.Image)
	if isPattern {
		e.Pattern = canonical
	}
	switch {
	case !isPattern:
		e.Broken = "its image is no pattern; write *, a path and /*, or an image"
	case !visible.MatchString(e.Reason):
		e.Broken = "it has no reason; write who vetted the image"
	case e.Expires != Never && !isDay(e.Expires):
		e.Broken = "it has no end; write expires: YYYY-MM-DD, or never"
	case named && !isList:
		e.Broken = "its namespaces are no list of names"
	case named && len(e.Namespaces) == 0:
		e.Broken = "its list of namespaces has no name in it"
	}
	return e
}

// isDay tells whether text is a day that exists, as YYYY-MM-DD.
func isDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Format(time.DateOnly) == text
}

// Ended tells whether the last day of the exception is before a time.
func (e Exception) Ended(now time.Time) bool {
	return e.Expires != Never && e.Expires < now.UTC().Format(time.DateOnly)
}

// Current tells whether the exception counts at a time, somewhere.
func (e Exception) Current(now time.Time) bool { return e.Broken == "" && !e.Ended(now) }

// In tells whether the exception counts in a namespace.
func (e Exception) In(namespace string) bool {
	return (e.kind != NamespaceKind || e.within == namespace) && (e.Everywhere || slices.Contains(e.Namespaces, namespace))
}

// Means tells whether its pattern means an image.
func (e Exception) Means(image provider.Image) bool {
	return e.Pattern != "" && Means(e.Pattern, image)
}

// End is the moment after its last day; false if it has no end, or none that can be read.
func (e Exception) End() (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, e.Expires)
	if err != nil {
		return time.Time{}, false
	}
	return day.AddDate(0, 0, 1), true
}
