package verdicts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

// answers are by key, and each as verdicts.yaml has it; an empty one is silence.
type answers map[string]map[string]any

// answersTo reads the answer to each of a call's keys out of the response.
func answersTo(call engine.Call) answers {
	said := answers{}
	for _, item := range call.Response.Errors {
		said[fmt.Sprint(item[0])] = refused(fmt.Sprint(item[1]))
	}
	for _, item := range call.Response.Responses {
		key := fmt.Sprint(item[0])
		said[key] = valued(key, item[1])
	}
	var left []string
	for _, key := range call.Keys {
		if said[key] == nil && !slices.Contains(left, key) {
			left = append(left, key)
		}
	}
	rest := call.Response.SystemError
	for i, key := range left {
		said[key], rest = undecided(key, left[i+1:], rest)
	}
	if len(call.Keys) > 0 {
		// What is about the whole response is recorded with the last key without an answer, or else with the last key.
		last := said[append(slices.Clone(call.Keys), left...)[len(call.Keys)+len(left)-1]]
		if rest != "" {
			last["systemError"] = rest
		}
		if call.Response.StatusCode != http.StatusOK {
			last["status"] = call.Response.StatusCode
		}
	}
	return said
}

// refused is an item's error.
func refused(text string) map[string]any {
	reason, detail, _ := strings.Cut(text, ": ")
	if detail == "" || reason == string(provider.Verified) || !slices.Contains(provider.Reasons(), provider.Reason(reason)) {
		return map[string]any{"error": text}
	}
	return map[string]any{"refused": map[string]any{"reason": reason, "detail": detail}}
}

// valued is an item's value: notation-provider's, or another's.
func valued(key string, value any) map[string]any {
	var ours gatekeeper.Value
	decoder := json.NewDecoder(bytes.NewReader([]byte(asJSON(value))))
	decoder.DisallowUnknownFields()
	_, notImage := provider.ParseQuestion(key)
	if err := decoder.Decode(&ours); err != nil || notImage != nil || !ours.Verified || ours.SignerIdentity == nil || ours.Metadata == nil || slices.Contains([]string{ours.Image, ours.Digest, ours.Policy, ours.Signer, ours.SignedAt}, "") {
		return map[string]any{"value": value}
	}
	verified := map[string]any{"image": ours.Image, "digest": ours.Digest, "policy": ours.Policy, "signer": ours.Signer, "signedAt": ours.SignedAt}
	if len(ours.SignerIdentity) > 0 {
		verified["signerIdentity"] = ours.SignerIdentity
	}
	if len(ours.Metadata) > 0 {
		verified["metadata"] = ours.Metadata
	}
	if ours.Until != "" {
		verified["until"] = ours.Until
	}
	if len(ours.Warnings) > 0 {
		verified["warnings"] = ours.Warnings
	}
	return map[string]any{"verified": verified}
}

// undecided is what the system error says of a key that has no item, and the rest of the system error. Keys that follow
// tell where it ends.
func undecided(key string, following []string, systemError string) (answer map[string]any, rest string) {
	said, ok := strings.CutPrefix(systemError, "undecided: "+key+": ")
	if !ok {
		return map[string]any{}, systemError
	}
	if len(following) > 0 {
		if i := strings.Index(said, "; undecided: "+following[0]+": "); i >= 0 {
			said, rest = said[:i], said[i+len("; "):]
		}
	}
	cause, detail, _ := strings.Cut(said, ": ")
	if detail == "" || !slices.Contains(provider.Causes(), provider.Cause(cause)) {
		return map[string]any{}, systemError
	}
	return map[string]any{"undecided": map[string]any{"cause": cause, "detail": detail}}, rest
}

// replay is what Rego would see of a file's answer to a call.
func replay(file *File, call engine.Call) string {
	response := file.Scene("", "").Respond(call.Provider, call.Keys)
	var body externaldata.ProviderResponse
	if err := json.Unmarshal(response.Body, &body); err != nil {
		return err.Error()
	}
	return canonical(*externaldata.NewRegoResponse(response.Status, &body))
}

// canonical is a response without the order of its items, which means nothing.
func canonical(r externaldata.RegoResponse) string {
	for _, items := range [][][]any{r.Responses, r.Errors} {
		slices.SortFunc(items, func(a, b []any) int { return strings.Compare(asJSON(a), asJSON(b)) })
	}
	return asJSON(r)
}

// asJSON is JSON, with the keys of maps in order. What came as JSON can be JSON again.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
