// Package printable makes text that others wrote fit for a terminal, a log and the wire. Examples
// are names in certificates, types of PEM blocks and names of files. Such text may hold control
// characters, which move the cursor, rename the window or hide what follows.
package printable

import (
	"fmt"
	"strings"
	"unicode"
)

// Text returns text with [unicode.ReplacementChar] for each character that has no
// graphic form ([unicode.IsPrint]). The result is one line.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// Quote returns the [Text] of a value between quotation marks. Unlike the verb %q of
// [fmt] it leaves backslashes alone: in a distinguished name they are part of what
// people compare and copy.
func Quote(value any) string { return `"` + Text(fmt.Sprint(value)) + `"` }
