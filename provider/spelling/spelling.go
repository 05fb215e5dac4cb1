// Package spelling finds the word that a misspelt one was most likely meant to be, for the
// errors of the configuration and of the trust policy.
package spelling

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxWord is the length, in bytes, from which a word is no misspelling.
const maxWord = 64

// Nearest returns the one of known that word was most likely meant to be, or "" if none is
// close: a third of its letters may be wrong, and two in a short word. Case does not count.
func Nearest(word string, known []string) string {
	if len(word) > maxWord {
		return ""
	}
	best, least := "", max(2, len(word)/3)+1
	for _, k := range known {
		if n := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	return best
}

// Advice says what to write in place of an unknown word: the nearest one, or else all that
// are known.
func Advice(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known there are " + strings.Join(known, ", ")
}
