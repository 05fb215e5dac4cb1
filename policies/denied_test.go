package policies_test

import (
	"fmt"
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// denied is a decision on a pod that must be denied.
type denied struct {
	policy string
	input  ast.Value
}

func decisionOf(policy string, input map[string]any) denied {
	return denied{policy, ast.MustInterfaceToValue(input)}
}

func mustBeDenied() map[string]denied {
	all := unproven()
	maps.Copy(all, unmet())
	maps.Copy(all, unsound())
	return all
}

// crowded is a pod with more places for images than can be looked at. It takes its time.
func crowded() map[string]denied {
	crowd := podOf([]string{tag})
	crowd["object"].(map[string]any)["spec"].(map[string]any)["volumes"] = make([]any, 512) //nolint:forcetypeassert // made above
	all := map[string]denied{}
	for _, policy := range []string{"signedimages", "pinnedimages"} {
		all[policy+": excessive"] = decisionOf(policy, map[string]any{"review": crowd})
	}
	return all
}

const tag, pinned = "skao.int/tango:1", "skao.int/archiver@" + sha256

func unsigned(response any, images ...string) denied {
	return decisionOf("signedimages", map[string]any{"review": podOf(images), "parameters": map[string]any{"provider": "p"}, "response": response})
}

// unproven are pods with an image of which the provider does not say that they are verified.
func unproven() map[string]denied {
	says := func(change map[string]any) map[string]any {
		response := silent()
		maps.Copy(response, change)
		return response
	}
	value := func(change map[string]any) map[string]any {
		good := goodValue(tag)
		maps.Copy(good, change)
		return says(map[string]any{"responses": []any{[]any{tag, good}}})
	}
	return map[string]denied{
		"silent":         unsigned(silent(), tag),
		"unsigned":       unsigned(refusedAll([]string{tag}), tag),
		"undecided":      unsigned(undecidedAll([]string{tag}), tag),
		"down":           unsigned(map[string]any{"responses": nil, "errors": nil, "status_code": 500, "system_error": "x"}, tag),
		"no response":    unsigned(nil, tag),
		"an error":       unsigned(says(map[string]any{"errors": []any{[]any{tag, nil}}}), tag),
		"two answers":    unsigned(says(map[string]any{"responses": []any{[]any{tag, goodValue(tag)}, []any{tag, nil}}}), tag),
		"not verified":   unsigned(value(map[string]any{"verified": false}), tag),
		"another image":  unsigned(value(map[string]any{"image": "skao.int/daq@" + sha256}), tag),
		"another digest": unsigned(value(map[string]any{"digest": otherDigest}), tag),
		"status 503":     unsigned(says(map[string]any{"status_code": 503, "responses": []any{[]any{tag, goodValue(tag)}}}), tag),
		"a neighbour":    unsigned(verifiedAll([]string{tag}), tag, "skao.int/archiver:1"),
		"by digest":      unsigned(value(map[string]any{"digest": otherDigest}), pinned),
	}
}

// unmet are pods with an image of which the provider says that it is verified, and does not show what the constraint asks of
// its signature. Others are pods with parameters that do not say what that is. The provider answers every key with a value
// like that.
func unmet() map[string]denied {
	wants := func(shown, parameters map[string]any) denied {
		good := goodValue(tag)
		maps.Copy(good, shown)
		response, said := silent(), []any{}
		for _, conditions := range []string{"", "?metadata.vetted=SEC-1", "?metadata.vetted=SEC-%2A", "?signer.O=SKAO"} {
			said = append(said, []any{tag + conditions, good})
		}
		response["responses"], parameters["provider"] = said, "p"
		return decisionOf("signedimages", map[string]any{"review": podOf([]string{tag}), "parameters": parameters, "response": response})
	}
	entry := func(images []any, key string, wanted any) []any {
		return []any{map[string]any{"images": images, key: wanted}}
	}
	ours := []any{"skao.int/*"}
	vetted := entry(ours, "metadata", map[string]any{"vetted": "SEC-1"})
	signed := entry(ours, "attributes", map[string]any{"O": "SKAO"})
	shown := map[string]any{"metadata": map[string]any{"vetted": "SEC-1"}, "signerIdentity": map[string]any{"O": []any{"SKAO"}}}
	other := map[string]any{"metadata": map[string]any{"vetted": "OPS-1"}, "signerIdentity": map[string]any{"O": []any{"x"}}}
	return map[string]denied{
		"no metadata":       wants(map[string]any{}, map[string]any{"requireMetadata": vetted}),
		"other metadata":    wants(other, map[string]any{"requireMetadata": vetted}),
		"other beginning":   wants(other, map[string]any{"requireMetadata": entry(ours, "metadata", map[string]any{"vetted": "SEC-*"})}),
		"for this image":    wants(other, map[string]any{"requireMetadata": entry([]any{"x.io/*", tag}, "metadata", map[string]any{"vetted": "SEC-1"})}),
		"no signer":         wants(map[string]any{}, map[string]any{"signers": signed}),
		"other signer":      wants(other, map[string]any{"signers": signed}),
		"signer no list":    wants(map[string]any{"signerIdentity": map[string]any{"O": map[string]any{"a": "SKAO"}}}, map[string]any{"signers": signed}),
		"metadata list":     wants(shown, map[string]any{"requireMetadata": "x"}),
		"signers list":      wants(shown, map[string]any{"signers": map[string]any{"a": signed[0]}}),
		"metadata images":   wants(shown, map[string]any{"requireMetadata": entry([]any{"skao.int"}, "metadata", map[string]any{"vetted": "SEC-1"})}),
		"no images":         wants(shown, map[string]any{"requireMetadata": entry([]any{}, "metadata", map[string]any{"vetted": "SEC-1"})}),
		"metadata no text":  wants(shown, map[string]any{"requireMetadata": entry(ours, "metadata", map[string]any{"vetted": 1})}),
		"unknown attribute": wants(shown, map[string]any{"signers": entry(ours, "attributes", map[string]any{"X": "SKAO"})}),
	}
}

// unsound are pods with an image that the parameters neither except nor leave alone, or that is none; under both policies.
func unsound() map[string]denied {
	except := func(exception map[string]any) map[string]any {
		whole := map[string]any{"image": tag, "reason": "SEC-1", "expires": "never"}
		maps.Copy(whole, exception)
		return map[string]any{"exceptions": []any{whole}}
	}
	govern := func(patterns ...any) map[string]any { return map[string]any{"images": patterns} }
	all := map[string]denied{}
	for _, tc := range []struct {
		name       string
		parameters map[string]any
	}{
		{"no parameters", nil},
		{"no pattern", govern("skao.int")},
		{"governed by path", govern("postgres", "skao.int/*")},
		{"another path", govern("postgres")},
		{"one bad pattern", govern("postgres", "skao.int")},
		{"governed by tag", govern(tag)},
		{"exception ended", except(map[string]any{"expires": "2020-01-01"})},
		{"exception unsound", except(map[string]any{"expires": "soon"})},
		{"exception reason", except(map[string]any{"reason": " "})},
		{"exception there", except(map[string]any{"namespaces": []any{"elsewhere"}})},
		{"exception other", except(map[string]any{"image": "skao.int/tango:2"})},
		{"exception path", except(map[string]any{"image": "skao.int/tango/*"})},
		{"objects", map[string]any{"exceptionsFrom": readObjects}},
		{"objects not read", map[string]any{"exceptionsFrom": []any{}}},
	} {
		images := []string{tag}
		if tc.name == "no pattern" || tc.name == "another path" {
			images = []string{"NO REFERENCE", "sha256:12", "skao.int:0443/x:1"}
		}
		for _, image := range images {
			for _, policy := range []string{"signedimages", "pinnedimages"} {
				parameters := maps.Clone(tc.parameters)
				if policy == "signedimages" && parameters != nil {
					parameters["provider"] = "p" // without one no other parameter counts
				}
				input := map[string]any{"review": podOf([]string{image}), "parameters": parameters, "response": silent()}
				all[fmt.Sprintf("%s: %q with %s", policy, image, tc.name)] = decisionOf(policy, input)
			}
		}
	}
	return all
}

// unsoundObjects are exceptions that are objects, none of which excepts an image of the pods above.
func unsoundObjects() map[string]any {
	object := func(change map[string]any) map[string]any {
		spec := map[string]any{"image": tag, "reason": "SEC-1", "expires": "never"}
		maps.Copy(spec, change)
		return map[string]any{"spec": spec}
	}
	all := inventory(0, "", "")
	cluster := all["cluster"].(map[string]any)["notation-provider.internal/v1"].(map[string]any)["ClusterImageException"].(map[string]any) //nolint:forcetypeassert // made above
	for _, tc := range []struct {
		name   string
		change map[string]any
	}{
		{"ended", map[string]any{"expires": "2020-01-01"}}, {"unsound", map[string]any{"expires": "soon"}}, {"reason", map[string]any{"reason": " "}}, {"there", map[string]any{"namespaces": []any{"elsewhere"}}},
		{"other", map[string]any{"image": "skao.int/tango:2"}}, {"path", map[string]any{"image": "skao.int/tango/*"}},
	} {
		cluster[tc.name] = object(tc.change)
	}
	there := map[string]any{"notation-provider.internal/v1": map[string]any{"ImageException": map[string]any{"counts": object(nil)}}}
	all["namespace"] = map[string]any{"elsewhere": there}
	return all
}
