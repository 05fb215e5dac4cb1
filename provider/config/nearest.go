package config

import "strings"

// nearest returns the one of known that word was most likely meant to be, or ""
// if none is close: a third of its letters may be wrong, and case does not count.
func nearest(word string, known []string) string {
	best, least := "", max(2, min(len(word), 40)/3)+1
	for _, k := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	return best
}

// distance counts the letters to insert, drop or change to make b of a: the
// Levenshtein distance, one row of its table at a time. A word too long to be a
// misspelling is not worth the table.
func distance(a, b string) int {
	if len(a) > 2*len(b)+2 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
