package gatekeeper

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// reply writes a ProviderResponse in JSON.
type reply func(*answer)

// answer is the body of a response while it is put together.
type answer struct {
	text bytes.Buffer
	json *json.Encoder // writes to the text, a line for each value
}

// answers are used again: they are some hundred bytes a key.
var answers = sync.Pool{New: func() any {
	a := new(answer)
	a.json = json.NewEncoder(&a.text)
	return a
}}

// write sends a reply. What the status line says, the body says too.
func write(w http.ResponseWriter, status int, reply reply) {
	a := answers.Get().(*answer) //nolint:forcetypeassert // made in the lines above
	defer answers.Put(a)
	a.text.Reset()
	reply(a)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(a.text.Bytes()) // an error means that the client has gone
}

// encoded is the reply with a response.
func encoded(response Response) reply {
	return func(a *answer) {
		err := a.json.Encode(ProviderResponse{APIVersion: APIVersion, Kind: ResponseKind, Response: response})
		if err != nil { // strings and booleans: cannot happen, must not admit
			a.text.Reset()
			a.text.WriteString(beginning + `,"systemError":"internal error"` + end)
		}
	}
}

// EncodeVerdict returns the item of a verdict in JSON, without a key. It makes the
// [provider.Verdict.Item] of a cached verdict, so that an answer from memory encodes keys only.
func EncodeVerdict(v *provider.Verdict) string {
	item := Item{}
	if v.Good() {
		value := Value{
			Verified:       true,
			Image:          reference(v),
			Digest:         v.Image.Digest.String(),
			Policy:         v.Policy,
			Signer:         oneLine(v.Signer),
			SignerIdentity: map[string][]string{},
			Metadata:       map[string]string{},
			SignedAt:       formatTime(v.SignedAt),
			Until:          formatTime(v.Until),
			Warnings:       make([]string, len(v.Warnings)),
		}
		maps.Copy(value.SignerIdentity, v.SignerIdentity)
		maps.Copy(value.Metadata, v.Metadata)
		for i, warning := range v.Warnings {
			value.Warnings[i] = oneLine(warning)
		}
		item.Value = value
	} else {
		item.Error = refusal(v)
	}
	text, err := json.Marshal(item)
	if err != nil { // strings and booleans: cannot happen, must not admit
		return `{"error":"internal error"}`
	}
	return string(text)
}

// What stands before the items and the system error of an answer, and behind them.
const (
	beginning = `{"apiVersion":"` + APIVersion + `","kind":"` + ResponseKind + `","response":{"idempotent":true`
	end       = "}}\n"
)

// add puts the findings together, of items that are encoded already and of keys, which each request writes in its own way.
// The bytes are those that encoding/json makes of a [ProviderResponse]; a test holds the two together.
func (a *answer) add(findings []provider.Finding, id string) {
	a.text.WriteString(beginning)
	before := `,"items":[`
	undecided := false
	for i := range findings {
		f := &findings[i]
		if f.Err != nil {
			undecided = true
			continue
		}
		item := f.Verdict.Item
		if item == "" {
			item = EncodeVerdict(&f.Verdict)
		}
		a.text.WriteString(before)
		if f.Key != "" {
			a.text.WriteString(`{"key":`)
			a.quote(&f.Key)
			a.text.WriteByte(',')
			item = item[len("{"):] // it has a value or an error
		}
		a.text.WriteString(item)
		before = ","
	}
	if before == "," {
		a.text.WriteByte(']')
	}
	if undecided {
		message := systemError(findings, id)
		a.text.WriteString(`,"systemError":`)
		a.quote(&message)
	}
	a.text.WriteString(end)
}

// quote writes text as a string in JSON. A pointer saves the encoder a copy.
func (a *answer) quote(text *string) {
	_ = a.json.Encode(text) // a string: cannot fail
	a.text.Truncate(a.text.Len() - len("\n"))
}
