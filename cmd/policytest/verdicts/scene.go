package verdicts

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"gitlab.com/ska-telescope/notation-provider/provider"
	"gitlab.com/ska-telescope/notation-provider/provider/gatekeeper"
)

// Scene is what holds in one case. The zero Scene knows no provider.
type Scene struct {
	Path   string    // of the file
	layers []Answers // the first that answers counts
}

// Everywhere is a scene in which the providers give one answer to every key.
func Everywhere(answer Answer, providers []string) *Scene {
	answers := Answers{}
	for _, name := range providers {
		answers[name] = Provider{Default: &answer}
	}
	return &Scene{layers: []Answers{answers}}
}

// Silenced is the scene where the providers say nothing of one key.
func (s *Scene) Silenced(key string, providers []string) *Scene {
	answers := Answers{}
	for _, name := range providers {
		answers[name] = Provider{Answers: map[string]Answer{key: {Silent: true}}}
	}
	return &Scene{Path: s.Path, layers: append([]Answers{answers}, s.layers...)}
}

// Providers are the names of those who answer.
func (s *Scene) Providers() []string {
	names := map[string]bool{}
	for _, layer := range s.layers {
		for name := range layer {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Answer is what a provider says of a key. It is false for a key that nothing is written of. Of an image with conditions that
// nothing is written of, it is the image's own answer, if its signature meets them, and else a refusal.
func (s *Scene) Answer(name, key string) (Answer, bool) {
	written, query, asked := strings.Cut(key, "?")
	conditions, err := provider.ParseConditions(query)
	for _, layer := range s.layers {
		p := layer[name]
		if answer, ok := p.Answers[key]; ok {
			return answer, true
		}
		if answer, ok := p.Answers[written]; ok && asked && err == nil {
			return answer.asked(conditions), true
		}
		if p.Default != nil {
			answer := *p.Default
			if asked && err == nil {
				answer = answer.asked(conditions)
			}
			return answer, fits(*p.Default, key)
		}
	}
	return Answer{}, false
}

// fits tells whether a default can be said of a key: only an image is ever verified.
func fits(answer Answer, key string) bool {
	_, err := provider.ParseQuestion(key)
	return answer.Verified == nil || err == nil
}

// Response is what goes over the wire.
type Response struct {
	Cut    bool // nothing does
	Status int
	Body   []byte
}

// Respond is what a provider answers a request. Of answers that spoil it as a whole, cutting the connection counts before
// another body, the first body before others, and the highest status.
func (s *Scene) Respond(name string, keys []string) Response {
	r := Response{Status: http.StatusOK}
	var items []any
	var systemErrors []string
	var body *string
	for i, key := range keys {
		if slices.Contains(keys[:i], key) {
			continue
		}
		answer, ok := s.Answer(name, key)
		if !ok {
			answer = Answer{SystemError: "nothing is recorded of " + key}
		}
		if item := answer.item(key); item != nil {
			items = append(items, item)
		}
		systemErrors = append(systemErrors, answer.systemErrors(key)...)
		r.Cut = r.Cut || answer.Unreachable
		r.Status = max(r.Status, answer.Status)
		if body == nil {
			body = answer.Body
		}
	}
	if body != nil {
		r.Body = []byte(*body)
		return r
	}
	r.Body = encode(map[string]any{
		"apiVersion": gatekeeper.APIVersion,
		"kind":       "ProviderResponse",
		"response":   map[string]any{"idempotent": true, "items": items, "systemError": strings.Join(systemErrors, "; ")},
	})
	return r
}

// encode cannot fail: all literals were JSON before.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
