package template

import "strings"

// code is the text of a module without its comments, METADATA among them, which are a fifth of it: authors read them in the
// policy, and Gatekeeper would keep them in each template and parse them in each of its pods. Nothing else changes.
func (m module) code() string {
	begins := map[int]int{} // the offset of each line's comment, by the number of the line
	for _, comment := range m.parsed.Comments {
		begins[comment.Location.Row] = comment.Location.Offset
	}
	var lines []string
	offset, left := 0, true // left: a comment alone on its line was, or the text begins
	for i, line := range strings.Split(m.text, "\n") {
		code := line
		begin, commented := begins[i+1]
		if commented {
			code = strings.TrimRight(line[:begin-offset], " \t")
		}
		offset += len(line) + len("\n")
		switch {
		case commented && code == "":
			left = true
			continue
		case left && code == "" && (len(lines) == 0 || lines[len(lines)-1] == ""):
			continue // else two empty lines stand where the comment was
		}
		lines, left = append(lines, code), false
	}
	return strings.Join(lines, "\n")
}
