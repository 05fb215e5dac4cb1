package engine

import (
	"encoding/json"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/match"
	mutation "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Matches tells whether a constraint's match is about an object. Where that cannot be told, it is taken to be: Review
// decides, or fails.
func (e *Engine) Matches(constraint, object *unstructured.Unstructured) bool {
	raw, found, err := unstructured.NestedMap(constraint.Object, "spec", "match")
	if !found || err != nil {
		return true
	}
	var wanted match.Match
	text, err := json.Marshal(raw)
	if err != nil || json.Unmarshal(text, &wanted) != nil {
		return true
	}
	ns, _ := e.expander.NamespaceForResource(object)
	is, err := match.Matches(&wanted, &match.Matchable{Object: object, Namespace: ns, Source: mutation.SourceTypeOriginal})
	return is || err != nil
}
