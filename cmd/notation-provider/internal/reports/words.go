package reports

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// mark is the outcome with its sign.
func (i Image) mark() string {
	switch {
	case i.Outcome == Verified:
		return "✓ verified"
	case i.Excepted:
		return "~ excepted"
	case i.Outcome == Undecided:
		return "? undecided"
	}
	return "✗ refused"
}

// name is the reference, with what else must be known to tell images apart.
func (i Image) name() string {
	name := i.Image
	if name == "" {
		name = "(no image)"
	}
	if i.Moved() {
		name += " (moved, runs " + short(i.Running) + ")"
	}
	return name
}

// why is the reason, or the cause.
func (i Image) why() string {
	if i.Cause != "" {
		return string(i.Cause)
	}
	return string(i.Reason)
}

// lapses is the day and what ends.
func (i Image) lapses() string {
	if i.Lapse == nil {
		return ""
	}
	return i.Lapse.At.Format(time.DateOnly) + " " + string(i.Lapse.By)
}

// usedBy counts the objects, and names up to three namespaces.
func (i Image) usedBy() string {
	const most = 3
	names := i.Namespaces[:min(most, len(i.Namespaces))]
	text := fmt.Sprintf("%d in %s", len(i.Uses), strings.Join(names, ","))
	if more := len(i.Namespaces) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// exceptedUntil is the last day that exceptions admit an image that is not verified, or never. Of the exceptions in one
// object the one that ends last counts, and each namespace and each object must have one.
func (i Image) exceptedUntil() string {
	if i.Outcome == Verified || !i.Excepted {
		return ""
	}
	last := map[[2]string]string{} // by namespace and object
	for _, e := range i.Exceptions {
		for _, namespace := range e.Namespaces {
			at := [2]string{namespace, e.From}
			last[at] = max(last[at], e.Expires) // as text, never is after all days
		}
	}
	ends := slices.Sorted(maps.Values(last))
	if len(ends) == 0 {
		return ""
	}
	return ends[0]
}

// CommonName is the common name in a distinguished name as Go writes it, else all of it.
func CommonName(subject string) string {
	for _, part := range strings.Split(subject, ",") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok && !strings.ContainsAny(name, `\+`) {
			return name
		}
	}
	return subject
}

// short is the beginning of a digest.
func short(digest string) string {
	const most = len("sha256:") + 12
	return digest[:min(most, len(digest))]
}

func date(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func number(n int) string { return strconv.Itoa(n) }

func orNone(name string) string {
	if name == "" {
		return "(none)"
	}
	return name
}

func orAll(namespaces []string) string {
	if len(namespaces) == 0 {
		return "(all)"
	}
	return strings.Join(namespaces, ",")
}

func listed(names []string) string { return printable.Text(strings.Join(names, ", ")) }
