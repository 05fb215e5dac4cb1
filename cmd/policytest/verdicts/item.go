package verdicts

import (
	"github.com/opencontainers/go-digest"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

// What is said where the file says nothing.
const (
	defaultPolicy   = "recorded"
	defaultSigner   = "CN=recorded"
	defaultSignedAt = "2026-01-01T00:00:00Z"
	defaultDetail   = "as recorded"
)

// item is the key's item in a response; nil if it has none.
func (a Answer) item(key string) any {
	switch {
	case a.Item != nil:
		return a.Item.JSON
	case a.Verified != nil:
		return map[string]any{"key": key, "value": a.Verified.value(key)}
	case a.Value != nil:
		return map[string]any{"key": key, "value": a.Value.JSON}
	case a.Refused != nil:
		return map[string]any{"key": key, "error": string(a.Refused.Reason) + ": " + or(a.Refused.Detail, defaultDetail)}
	case a.Error != "":
		return map[string]any{"key": key, "error": a.Error}
	}
	return nil
}

// systemErrors are what the answer adds to the response's system error.
func (a Answer) systemErrors(key string) []string {
	var all []string
	if a.Undecided != nil {
		all = append(all, "undecided: "+key+": "+string(a.Undecided.Stage)+": "+or(a.Undecided.Detail, defaultDetail))
	}
	if a.SystemError != "" {
		all = append(all, a.SystemError)
	}
	return all
}

// MayFail tells whether Gatekeeper's client may fail on a response with this answer in it.
func (a Answer) MayFail() bool { return a.Unreachable || a.Body != nil || a.Item != nil }

// value is what notation-provider would say of the image that key is.
func (v *Verified) value(key string) gatekeeper.Value {
	image, _ := provider.ParseImage(key) // no image: nothing gets here
	hash := digest.Digest(v.Digest)
	if hash == "" {
		hash = image.Digest
	}
	if hash == "" {
		hash = digest.FromString(image.String()) // made up, and always the same
	}
	warnings := v.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	return gatekeeper.Value{
		Verified: true,
		Image:    or(v.Image, image.At(hash).String()),
		Digest:   hash.String(),
		Policy:   or(v.Policy, defaultPolicy),
		Signer:   or(v.Signer, defaultSigner),
		SignedAt: or(v.SignedAt, defaultSignedAt),
		Until:    v.Until,
		Warnings: warnings,
	}
}

func or(said, otherwise string) string {
	if said != "" {
		return said
	}
	return otherwise
}
