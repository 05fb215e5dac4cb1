package gatekeeper

import (
	"strings"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/printable"
)

// Value is what a verified image's item holds. Policies depend on it: fields are
// added, never changed.
type Value struct {
	// Verified is true. A policy that looks for anything else must not admit.
	Verified bool `json:"verified"`
	// Image is the canonical repository@digest that was verified.
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Policy is the trust policy statement the image passed.
	Policy string `json:"policy"`
	// Signer is the signing certificate's distinguished name (RFC 4514).
	Signer string `json:"signer"`
	// SignerIdentity has that name's attributes, CN, O, OU and so on, each with its values in order; never null.
	SignerIdentity map[string][]string `json:"signerIdentity"`
	// Metadata is what was signed with the image (notation sign --user-metadata), of the one signature that counts; never
	// null. All are strings.
	Metadata map[string]string `json:"metadata"`
	// SignedAt and Until are RFC 3339 in UTC. Until is absent when nothing bounds the verdict.
	SignedAt string `json:"signedAt,omitempty"`
	Until    string `json:"until,omitempty"`
	// Warnings are checks that failed and that the policy only logs; never null.
	Warnings []string `json:"warnings"`
}

// formatTime is "" for a time that is not known.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// systemError names each image that is undecided.
func systemError(findings []provider.Finding, id string) string {
	var undecided []string
	for i := range findings {
		if f := &findings[i]; f.Err != nil {
			undecided = append(undecided, "undecided: "+oneLine(f.Key)+": "+string(f.Err.Cause)+": "+oneLine(f.Err.Detail)+request(f.Err.Cause, id))
		}
	}
	return strings.Join(undecided, "; ")
}

// request is the ID of the request, where the log alone has the cause. Gatekeeper never remembers a system error, so it is
// always the ID under which the log has it.
func request(cause provider.Cause, id string) string {
	if cause != provider.CauseInternal {
		return ""
	}
	return "; request " + id
}

// refusal is "<reason>: <image>: <detail>", the image with its digest where that is known: the
// user must be able to see that another digest was signed. It is never empty, as Gatekeeper
// takes an item without an error for a good one.
func refusal(v *provider.Verdict) string {
	if v.Image.Digest == "" {
		return string(v.Reason) + ": " + oneLine(v.Detail)
	}
	return string(v.Reason) + ": " + reference(v) + ": " + oneLine(v.Detail)
}

// reference is the canonical repository@digest that a verdict is about.
func reference(v *provider.Verdict) string { return v.Image.Repository + "@" + v.Image.Digest.String() }

// pinned maps the answers of /mutate. Gatekeeper caches none of them, and
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

// maxLine bounds what one image may add to a message, in bytes.
const maxLine = 512

// oneLine makes text that others wrote (keys, names in certificates) fit for a terminal.
func oneLine(text string) string { return printable.Cut(text, maxLine) }
