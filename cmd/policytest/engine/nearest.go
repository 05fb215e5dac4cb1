package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxLength is the length in bytes of the longest word that is compared; no known word is as long.
const maxLength = 64

// nearest returns the one of known that word was most likely meant to be, or "" if none is close. Two letters may be wrong,
// and of a word of up to four letters one. Case does not count.
func nearest(word string, known []string) string {
	return within(word, known, func(k string) int {
		if len(k) <= 4 {
			return 1
		}
		return 2
	})
}

// unknownWord says that a word is none of those known, and which of them was most likely meant: half of its letters may be wrong.
func unknownWord(what, word string, known []string) error {
	message := fmt.Sprintf("%s %q is none of %s", what, word, strings.Join(known, ", "))
	if near := within(word, known, func(string) int { return len(word) / 2 }); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(message)
}

// within returns the nearest of known that is no more than its most letters away, or "".
func within(word string, known []string, most func(string) int) string {
	if len(word) > maxLength {
		return ""
	}
	best, least := "", maxLength
	for _, k := range known {
		if n := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k)); n < least && n <= most(k) {
			best, least = k, n
		}
	}
	return best
}
