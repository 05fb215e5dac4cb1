package verdicts

import (
	"strings"

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
		all = append(all, "undecided: "+key+": "+string(a.Undecided.Cause)+": "+or(a.Undecided.Detail, defaultDetail))
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
	image, _ := provider.ParseQuestion(key) // no image: nothing gets here
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
		Verified:       true,
		Image:          or(v.Image, image.At(hash).String()),
		Digest:         hash.String(),
		Policy:         or(v.Policy, defaultPolicy),
		Signer:         or(v.Signer, defaultSigner),
		SignerIdentity: v.identity(),
		Metadata:       v.metadata(),
		SignedAt:       or(v.SignedAt, defaultSignedAt),
		Until:          v.Until,
		Warnings:       warnings,
	}
}

// identity is never nil: without a signer it is that of the default one.
func (v *Verified) identity() map[string][]string {
	switch {
	case v.SignerIdentity != nil:
		return v.SignerIdentity
	case v.Signer != "":
		return map[string][]string{}
	}
	return map[string][]string{"CN": {strings.TrimPrefix(defaultSigner, "CN=")}}
}

// metadata is never nil.
func (v *Verified) metadata() map[string]string {
	if v.Metadata == nil {
		return map[string]string{}
	}
	return v.Metadata
}

// asked is the answer to a question with conditions about an image of which this is the answer. The provider refuses it
// unless the signature meets them.
func (a Answer) asked(conditions []provider.Condition) Answer {
	if a.Verified == nil {
		return a
	}
	metadata, identity := a.Verified.metadata(), a.Verified.identity()
	missing := provider.Unmet(conditions, metadata, identity)
	if len(missing) == 0 {
		return a
	}
	a.Verified, a.Refused = nil, &Refused{Reason: provider.Untrusted, Detail: provider.DetailOf([]provider.Lack{provider.Lacking(missing, metadata, identity)})}
	return a
}

func or(said, otherwise string) string {
	if said != "" {
		return said
	}
	return otherwise
}
