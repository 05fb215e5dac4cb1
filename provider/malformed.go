package provider

import (
	"errors"
	"regexp"
)

// NameRule says of some references that are none which part of them is wrong. The policies have the same list, which a
// test writes into their library.
type NameRule struct {
	// If and Unless are regular expressions (RE2): the rule is about what the first matches and the second does not. "" as
	// Unless matches nothing.
	If, Unless string
	// Problem is for the writer of the reference, in one line, and repeats none of it.
	Problem string
}

// The parts of a reference.
const (
	nameComponent = `[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`
	nameLabel     = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
	namePort      = `(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))`
	nameHost      = `(?:` + nameLabel + `(?:\.` + nameLabel + `)*|\[[a-fA-F0-9:]+\])`
)

// NameRules returns the rules in the order in which they are tried: the first that is about a reference counts. The last
// is about every reference.
func NameRules() []NameRule {
	return []NameRule{
		{`^(?s:.{1000}.{25})`, ``, "it is longer than 1024 characters"},
		{`^$`, ``, "it is empty"},
		{`\s`, ``, "it has a space or a line break in it"},
		{`^[a-zA-Z][a-zA-Z0-9+.-]*://`, ``, "it begins with a scheme, such as https; leave that out"},
		{`[^A-Za-z0-9._:/@\[\]-]`, ``, "it has a character in it that no image reference has"},
		{imageIDPattern, ``, "it is an image ID, or a part of one, and names no repository; write repository@sha256:…"},
		{`@`, `^[^@]*@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, "the part after the @ is not a digest (sha256: and 64 hex digits, or sha512: and 128, in lower case)"},
		{`(?:^|/)(?:[/:@]|$)`, ``, "a part of the path, beside a slash, is empty"},
		{`^(?:[^@]*/)?[^/@]*:[^/@]*(?:@|$)`, `^(?:[^@]*/)?[^/@:]*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(?:@|$)`, "the part after the colon is not a tag (1 to 128 letters, digits, . _ or -)"},
		{`^(?:[^/]*/[^:@]*[A-Z]|[^/:@]*[A-Z][^/:@]*(?:[:@][^/]*)?$)`, ``, "the repository has capitals; write it in lower case"},
		{`^(?:[^/\[]*|\[[^/]*\]):[^/@]*/`, `^(?:[^/:]*|\[[^/]*\]):` + namePort + `/`, "the port is not a number from 1 to 65535 without zeros before it"},
		{`/`, `^(?:` + nameHost + `(?::[0-9]+)?|` + nameComponent + `)/`, "the part before the first slash is neither the name of a registry nor a part of a path"},
		{``, `^(?:[^/@]*/)?(?:` + nameComponent + `/)*` + nameComponent + `(?:[:@]|$)`, "a part of the path has something else than lower-case letters, digits, and single . _ __ or - between them"},
		{``, ``, "the repository is longer than 255 characters"},
	}
}

// ruled is a NameRule that is ready to be tried.
type ruled struct {
	about, unless *regexp.Regexp
	problem       error
}

var nameRules = compileNameRules()

func compileNameRules() []ruled {
	var all []ruled
	for _, r := range NameRules() {
		one := ruled{about: regexp.MustCompile(r.If), problem: errors.New(r.Problem)}
		if r.Unless != "" {
			one.unless = regexp.MustCompile(r.Unless)
		}
		all = append(all, one)
	}
	return all
}

// problemOf says which part of a reference that is none is wrong.
func problemOf(written string) error {
	for _, r := range nameRules {
		if r.about.MatchString(written) && (r.unless == nil || !r.unless.MatchString(written)) {
			return r.problem
		}
	}
	return errors.New("it is not an image reference")
}
