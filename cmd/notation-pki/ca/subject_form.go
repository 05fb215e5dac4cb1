package ca

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// RewriteIdentity rewrites the name in a trusted identity as [ParseSubject] reads one, so that notation can. Identities of
// another kind than x509.subject stay as they are.
func RewriteIdentity(identity string) (string, error) {
	name, ok := strings.CutPrefix(identity, "x509.subject:")
	if !ok {
		return identity, nil
	}
	rewritten, err := rfc4514(name)
	return "x509.subject: " + rewritten, err
}

// rfc4514 rewrites a distinguished name from the forms that other tools write. These are openssl's slash form
// ("/C=GB/O=SKAO"), values in quotation marks (RFC 2253 section 4), and the words in front that openssl and trust policies
// have.
func rfc4514(text string) (string, error) {
	text = strings.TrimLeft(strings.TrimRight(text, "\r\n"), " \t\r\n") // a space at the end may be escaped
	for _, prefix := range []string{"x509.subject:", "subject=", "subject:"} {
		if len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			text = strings.TrimLeft(text[len(prefix):], " \t")
			break
		}
	}
	if strings.HasPrefix(text, "/") {
		return fromSlashes(text)
	}
	return fromQuotes(text)
}

// fromSlashes reads the form of openssl req -subj: a backslash keeps the next character from its meaning, and nothing else
// does.
func fromSlashes(text string) (string, error) {
	var attributes []string
	for _, part := range cutUnescaped(text, '/') {
		if part == "" {
			continue // before the first slash, and where openssl passes it over
		}
		keyword, value, ok := strings.Cut(part, "=")
		if !ok {
			return "", fmt.Errorf(`%q is no attribute; write a slash that is part of a value as \/`, part)
		}
		if parts := cutUnescaped(value, '+'); len(parts) > 1 {
			return "", errors.New(`it joins attributes by "+", which no trusted identity can; separate them, and write a plus that is part of a value as \+`)
		}
		attributes = append(attributes, keyword+"="+ldap.EscapeDN(unescaped(value)))
	}
	return strings.Join(attributes, ","), nil
}

// cutUnescaped cuts text at each separator without a backslash before it. The backslashes stay.
func cutUnescaped(text string, separator byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unescaped takes away the backslashes, each of which stands before the character that it keeps.
func unescaped(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// quotedValue is a value in quotation marks: the equals sign before it, and the separator after it.
var quotedValue = regexp.MustCompile(`(=\s*)"((?:[^"\\]|\\.)*)"(\s*(?:[,;+]|$))`)

// openedValue begins as a quoted value, whether it ends as one or not.
var openedValue = regexp.MustCompile(`(?:^|[,;+])\s*[A-Za-z0-9.]+\s*=\s*"`)

// fromQuotes escapes what stands between quotation marks.
func fromQuotes(text string) (string, error) {
	escaped := quotedValue.ReplaceAllStringFunc(text, func(match string) string {
		parts := quotedValue.FindStringSubmatch(match)
		return parts[1] + ldap.EscapeDN(unescaped(parts[2])) + parts[3]
	})
	if openedValue.MatchString(escaped) {
		return "", errors.New(`a quotation mark is opened and not closed, or has more behind it; write it as O="Acme, Inc.", or as O=Acme\, Inc. without the marks`)
	}
	return escaped, nil
}

// joinedBySlashes is a value that holds what looks like the next attribute of the slash form.
var joinedBySlashes = regexp.MustCompile(`(?i)/(C|ST|S|L|STREET|O|OU|CN|emailAddress)=`)
