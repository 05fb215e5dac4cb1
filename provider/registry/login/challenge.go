package login

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// challenge is one way to log in that an answer offers (RFC 9110, section 11.6.1).
type challenge struct {
	scheme string            // lower case
	params map[string]string // by lower-case name, without quotes
}

// The schemes that are known here.
const (
	bearer = "bearer"
	basic  = "basic"
)

// Bounds of the challenges in an answer. Registries send one or two, below a kilobyte.
const (
	maxChallengeBytes = 16 << 10
	maxChallenges     = 32
	maxParams         = 32
)

// challengesOf lists the challenges of an answer: one or several in each WWW-Authenticate line.
func challengesOf(header http.Header) []challenge {
	var all []challenge
	left := maxChallengeBytes
	for _, line := range header.Values("WWW-Authenticate") {
		if left -= len(line); left < 0 {
			break
		}
		all = append(all, parseChallenges(line)...)
	}
	return all[:min(len(all), maxChallenges)]
}

// token68 matches the other form that what follows a scheme may have, as with Negotiate. Its "=" at the end tells it from
// a parameter, as a value would follow there.
var token68 = regexp.MustCompile(`^[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(,|$)`)

// parseChallenges reads one line. A word before a "=" is a parameter of the challenge before it, and any other word is the
// scheme of a new one: so commas need not tell the list of challenges from the list of parameters. What cannot be read
// ends the line.
func parseChallenges(line string) []challenge {
	var all []challenge
	rest := strings.TrimLeft(line, " \t,")
	for rest != "" && len(all) < maxChallenges {
		var word, value string
		if word, rest = cutToken(rest); word == "" {
			break
		}
		value, after, isParam, ok := cutValue(rest)
		switch {
		case !ok:
			return all
		case isParam && len(all) > 0:
			all[len(all)-1].set(word, value)
			rest = after
		case isParam:
			rest = after // a parameter of no challenge
		default:
			all = append(all, challenge{strings.ToLower(word), map[string]string{}})
			rest = rest[len(token68.FindString(rest)):]
		}
		rest = strings.TrimLeft(rest, " \t,")
	}
	return all
}

// set keeps the first value of a name.
func (c challenge) set(name, value string) {
	name = strings.ToLower(name)
	if _, there := c.params[name]; !there && len(c.params) < maxParams {
		c.params[name] = value
	}
}

// cutToken cuts a token (RFC 9110, section 5.6.2) off.
func cutToken(text string) (token, rest string) {
	end := strings.IndexFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// cutValue cuts "=" and a value off, where they follow; ok is false where the value has no end. A value without quotes may
// hold more than a token, as some registries write URLs, and single quotes count as none.
func cutValue(text string) (value, rest string, isParam, ok bool) {
	rest, isParam = strings.CutPrefix(strings.TrimLeft(text, " \t"), "=")
	if !isParam {
		return "", text, false, true
	}
	rest = strings.TrimLeft(rest, " \t")
	if quoted, is := strings.CutPrefix(rest, `"`); is {
		value, rest, ok = cutQuoted(quoted)
		return value, rest, true, ok
	}
	end := strings.IndexAny(rest, " \t,")
	if end < 0 {
		end = len(rest)
	}
	return strings.Trim(rest[:end], "'"), rest[end:], true, true
}

// cutQuoted cuts a quoted-string (RFC 9110, section 5.6.4) off, whose first quote is cut already.
func cutQuoted(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

// usable tells a challenge that can be met: Basic, and Bearer with the URL of a token service.
func (c challenge) usable() bool {
	switch c.scheme {
	case basic:
		return true
	case bearer:
		realm, err := url.Parse(c.params["realm"])
		return err == nil && realm.Host != "" && (realm.Scheme == "https" || realm.Scheme == "http")
	}
	return false
}

// String is the challenge as oras-go reads it: alone, with quotes as in Go.
func (c challenge) String() string {
	if c.scheme == basic {
		return "Basic"
	}
	text := "Bearer realm=" + strconv.Quote(c.params["realm"])
	for _, name := range []string{"service", "scope"} {
		if value := c.params[name]; value != "" {
			text += "," + name + "=" + strconv.Quote(value)
		}
	}
	return text
}
