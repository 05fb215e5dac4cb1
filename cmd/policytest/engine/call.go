package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// builtin is the function's name in Rego.
const builtin = "external_data"

// Call is one call of external_data. A review that asks the same twice is answered once, and still makes two calls.
type Call struct {
	Provider string
	Keys     []string

	// Response is what Rego saw.
	Response externaldata.RegoResponse
}

// Failed tells whether Gatekeeper's client got no ProviderResponse; the response's SystemError says why.
func (c Call) Failed() bool { return c.Response.Responses == nil }

// verified are the keys of which the provider says that they are verified, as notation-provider does.
func (c Call) verified() []string {
	var all []string
	for _, item := range c.Response.Responses {
		key, _ := item[0].(string)
		if value, _ := item[1].(map[string]any); value["verified"] == true {
			all = append(all, key)
		}
	}
	return all
}

// UnknownProviderError says that a template asked a provider that the engine does not know.
type UnknownProviderError struct {
	Name string
	Keys []string
}

func (e *UnknownProviderError) Error() string {
	return fmt.Sprintf("external_data asks provider %q about %s, and there is no such provider", e.Name, quoted(e.Keys))
}

func quoted(keys []string) string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = fmt.Sprintf("%q", key)
	}
	return strings.Join(all, ", ")
}

// listen is the client's external_data, overheard.
func (c *Client) listen(bctx topdown.BuiltinContext, terms []*ast.Term, answer func(*ast.Term) error) error {
	var request externaldata.RegoRequest
	if err := ast.As(terms[0].Value, &request); err != nil {
		// To Rego this is no answer but undefined, and many a rule is then silently false.
		c.problems = append(c.problems, fmt.Errorf("external_data is undefined for %v: it takes {\"provider\": a string, \"keys\": an array of strings, and no set} (%w)", terms[0], err))
		return c.real(bctx, terms, answer)
	}
	if len(request.Keys) > 0 && !c.known[request.ProviderName] {
		c.problems = append(c.problems, &UnknownProviderError{request.ProviderName, request.Keys})
	}
	return c.real(bctx, terms, func(term *ast.Term) error {
		response, err := responseOf(term)
		if err != nil {
			c.problems = append(c.problems, fmt.Errorf("reading what external_data returned: %w", err))
			return answer(term)
		}
		call := Call{Provider: request.ProviderName, Keys: request.Keys, Response: response}
		c.calls = append(c.calls, call)
		c.observe(call)
		return answer(term)
	})
}

func responseOf(term *ast.Term) (response externaldata.RegoResponse, err error) {
	value, err := ast.JSON(term.Value)
	if err != nil {
		return response, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return response, err
	}
	return response, json.Unmarshal(text, &response)
}
