package login

import "net/http"

// Challenges are those of an answer: its usable ones as oras-go is shown them, others by their scheme.
func Challenges(header http.Header) []string {
	var all []string
	for _, c := range challengesOf(header) {
		if c.usable() {
			all = append(all, c.String())
		} else {
			all = append(all, c.scheme)
		}
	}
	return all
}
