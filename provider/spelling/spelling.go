// Package spelling finds the word that a misspelt one was most likely meant to be. It is for the
// errors of the configuration, of the trust policy and of command lines.
package spelling

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxWord is the length, in bytes, from which a word is no misspelling.
const maxWord = 64

// minPart is the length, in bytes, from which a word may stand for a longer one that begins with it.
const minPart = 3

// Nearest returns the one of known that word was most likely meant to be, or "" if none is close. A
// third of its letters may be wrong, and two in a short word. Else it is the only one that begins
// with word, or that word begins with. Case does not count.
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
	if best == "" {
		return part(strings.ToLower(word), known)
	}
	return best
}

// part returns the only one of known that begins with word, or that word begins with, or "".
func part(word string, known []string) string {
	found := ""
	for _, k := range known {
		low := strings.ToLower(k)
		if min(len(word), len(k)) < minPart || !strings.HasPrefix(low, word) && !strings.HasPrefix(word, low) {
			continue
		}
		if found != "" {
			return ""
		}
		found = k
	}
	return found
}

// Advice says what to write in place of an unknown word: the nearest one, or else one of all
// that are known.
func Advice[T ~string](word string, known []T) string {
	if near := Nearest(word, texts(known)); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "write one of " + List(known)
}

// List are the words of a list, as people write them.
func List[T ~string](known []T) string { return strings.Join(texts(known), ", ") }

func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}
