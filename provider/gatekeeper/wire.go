package gatekeeper

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// Value is what a verified image's item holds. Policies depend on it: fields are
// added, never changed.
type Value struct {
	// Verified is true. A policy that looks for anything else must not admit.
	Verified bool `json:"verified"`
	// Image is the canonical repository@digest that was judged.
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Policy is the trust policy statement the image passed.
	Policy string `json:"policy"`
	// Signer is the signing certificate's distinguished name (RFC 4514).
	Signer string `json:"signer"`
	// SignedAt and Until are RFC 3339 in UTC. Until is absent when nothing bounds the verdict.
	SignedAt string `json:"signedAt,omitempty"`
	Until    string `json:"until,omitempty"`
	// Warnings are checks that failed and that the policy only logs; never null.
	Warnings []string `json:"warnings"`
}

// valueOf is the value of a verified image.
func valueOf(v *provider.Verdict) Value {
	warnings := make([]string, 0, len(v.Warnings))
	for _, warning := range v.Warnings {
		warnings = append(warnings, oneLine(warning))
	}
	return Value{
		Verified: true,
		Image:    judged(v),
		Digest:   v.Digest().String(),
		Policy:   v.Policy,
		Signer:   oneLine(v.Signer),
		SignedAt: formatTime(v.SignedAt),
		Until:    formatTime(v.Until),
		Warnings: warnings,
	}
}

// formatTime is "" for a time that is not known.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// systemError names what is undecided; "" if nothing is.
func systemError(findings []provider.Finding) string {
	var undecided []string
	for i := range findings {
		if f := &findings[i]; f.Err != nil {
			undecided = append(undecided, "undecided: "+oneLine(f.Key)+": "+string(f.Err.Cause)+": "+oneLine(f.Err.Detail))
		}
	}
	return strings.Join(undecided, "; ")
}

// refusal is "<reason>: <image>: <detail>", the image with its digest where one was
// judged: whoever is denied must be able to see that another digest was signed. It
// is never empty, as Gatekeeper takes an item without an error for a good one.
func refusal(v *provider.Verdict) string {
	if v.Digest() == "" {
		return string(v.Reason) + ": " + oneLine(v.Detail)
	}
	return string(v.Reason) + ": " + judged(v) + ": " + oneLine(v.Detail)
}

// judged is the canonical repository@digest that a verdict is about.
func judged(v *provider.Verdict) string { return v.Image.Repository + "@" + v.Digest().String() }

// pinned maps the answers of /mutate. Gatekeeper remembers none of them, and
// wants an item for each key, so every key carries its own failure.
func pinned(pins []provider.Pinned) Response {
	response := Response{Idempotent: true}
	for _, p := range pins {
		item := Item{Key: p.Key, Error: oneLine(p.Problem)}
		if p.Problem == "" {
			item.Value = p.Image
		}
		response.Items = append(response.Items, item)
	}
	return response
}

// maxLine bounds what one image may add to a message, in runes.
const maxLine = 512

// oneLine makes text that others had a hand in (keys, names in certificates) fit
// for a log line and a terminal: no control characters, no end without end.
func oneLine(text string) string {
	if len(text) <= maxLine && plain(text) { // nearly all are
		return text
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if utf8.RuneCountInString(clean) <= maxLine {
		return clean
	}
	return string([]rune(clean)[:maxLine]) + "… (" + strconv.Itoa(len(text)) + " bytes)"
}

// plain tells whether text is printable ASCII.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
