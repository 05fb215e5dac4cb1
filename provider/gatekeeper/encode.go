package gatekeeper

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// reply appends a ProviderResponse in JSON.
type reply func([]byte) []byte

// buffers are used again: answers are some hundred bytes a key.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write sends a reply. What the status line says, the body says too.
func write(w http.ResponseWriter, status int, reply reply) {
	buffer := buffers.Get().(*[]byte) //nolint:forcetypeassert // made in the line above
	defer buffers.Put(buffer)
	*buffer = reply((*buffer)[:0])
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(*buffer) // the client has gone: nobody is left to tell
}

// encoded is the reply with a response.
func encoded(response Response) reply {
	return func(b []byte) []byte {
		text, err := json.Marshal(ProviderResponse{
			APIVersion: APIVersion,
			Kind:       ResponseKind,
			Response:   response,
		})
		if err != nil { // values are strings and booleans: cannot happen, must not admit
			return append(b, `{"apiVersion":"`+APIVersion+`","kind":"ProviderResponse","response":{"systemError":"internal error"}}`...)
		}
		return append(append(b, text...), '\n')
	}
}

// appendFindings maps findings onto the wire. The bytes are those that encoding/json
// would make of a [ProviderResponse] with a [Value] for each verified
// key; a test holds the two together. They are put together by hand because that is
// most of the work of an answer from memory.
func appendFindings(b []byte, findings []provider.Finding) []byte {
	b = append(b, `{"apiVersion":"`+APIVersion+`","kind":"`+ResponseKind+`","response":{"idempotent":true`...)
	before := `,"items":[`
	for i := range findings {
		f := &findings[i]
		if f.Err != nil {
			continue
		}
		b = appendItem(append(b, before...), f)
		before = ","
	}
	if before == "," {
		b = append(b, ']')
	}
	if ignorance := systemError(findings); ignorance != "" {
		b = appendString(append(b, `,"systemError":`...), ignorance)
	}
	return append(b, "}}\n"...)
}

func appendItem(b []byte, f *provider.Finding) []byte {
	b = append(b, '{')
	if f.Key != "" {
		b = append(appendString(append(b, `"key":`...), f.Key), ',')
	}
	if f.Verdict.Good() {
		b = appendValue(append(b, `"value":`...), &f.Verdict)
	} else {
		b = appendString(append(b, `"error":`...), refusal(&f.Verdict))
	}
	return append(b, '}')
}

// appendValue writes a [Value].
func appendValue(b []byte, v *provider.Verdict) []byte {
	digest := v.Digest().String()
	b = append(b, `{"verified":true,"image":`...)
	b = appendString(b, v.Image.Repository)
	b = append(b[:len(b)-1], '@') // a repository and a digest need no escape
	b = append(append(b, digest...), '"')
	b = appendString(append(b, `,"digest":`...), digest)
	b = appendString(append(b, `,"policy":`...), v.Policy)
	b = appendString(append(b, `,"signer":`...), oneLine(v.Signer))
	b = appendTime(b, `,"signedAt":"`, v.SignedAt)
	b = appendTime(b, `,"until":"`, v.Until)
	b = append(b, `,"warnings":[`...)
	for i, warning := range v.Warnings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, oneLine(warning))
	}
	return append(b, "]}"...)
}

// appendTime writes a field that is left out when the time is not known.
func appendTime(b []byte, field string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return append(t.UTC().AppendFormat(append(b, field...), time.RFC3339), '"')
}

// appendString writes a string; one with anything unusual in it as encoding/json does.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string: cannot fail
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
