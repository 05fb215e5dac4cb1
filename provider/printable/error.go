package printable

import (
	"errors"
	"strings"
)

// Error returns the message of an error: one line, or one for each of the errors that
// [errors.Join] joined. Line breaks within a single error, as in the name of a file, are
// no lines of their own.
func Error(err error) string { return strings.Join(lines(err), "\n") }

func lines(err error) []string {
	text := err.Error()
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		if all := joined.Unwrap(); text == errors.Join(all...).Error() {
			var found []string
			for _, one := range all {
				found = append(found, lines(one)...)
			}
			return found
		}
	}
	if inner := errors.Unwrap(err); inner != nil {
		prefix, ends := strings.CutSuffix(text, inner.Error())
		if found := lines(inner); ends && len(found) > 1 {
			found[0] = Text(prefix) + found[0]
			return found
		}
	}
	return []string{Text(text)}
}
