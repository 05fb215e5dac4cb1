package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const ellipsis = "…"

// Cut returns the [Text] in at most limit bytes; an ellipsis ends text that is longer. It is
// for text of any length that others wrote, such as the names in certificates.
func Cut(text string, limit int) string {
	notASCII := func(r rune) bool { return r < ' ' || r > '~' }
	if len(text) <= limit && !strings.ContainsFunc(text, notASCII) { // nearly all texts
		return text
	}
	return bounded(text, limit, func(r rune) (rune, int) {
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		return r, utf8.RuneLen(r)
	})
}

// Brief returns text for a line of the log. It has white space as blanks, the rest as [Text] has
// it, and at most limit bytes with its escapes.
func Brief(text string, limit int) string {
	return bounded(text, limit, func(r rune) (rune, int) {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			r = unicode.ReplacementChar
		case r == '"', r == '\\':
			return r, 2
		}
		return r, utf8.RuneLen(r)
	})
}

// bounded replaces each character, and cuts where the sum of their sizes is over the limit.
func bounded(text string, limit int, replace func(rune) (r rune, size int)) string {
	var b strings.Builder
	total, cut := 0, 0
	for _, r := range text {
		if total <= limit-len(ellipsis) {
			cut = b.Len()
		}
		r, size := replace(r)
		if total += size; total > limit {
			return b.String()[:cut] + ellipsis
		}
		b.WriteRune(r)
	}
	return b.String()
}
