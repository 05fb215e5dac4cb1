package policies_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/provider"
)

// What a constraint asks must be in the provider's question, whatever signs are in keys and values. Else a signature is asked
// for less than was meant. An image is the same with conditions as without.
func TestTheProviderReadsConditionsAsPoliciesWriteThem(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	written := []any{"skao.int/x", "skao.int/x:1", "skao.int/x:1@" + sha256, "x", "SKAO.int:443/a/b", "skao.int/x?metadata.a=b", "skao.int/x?", "skao.int/x:1?signer.CN=*", "skao.int/x#", "skao.int/x%3F", "skao.int/x&metadata.a=*", "x\n", ""}
	var entries []any
	for range 60 {
		entries = append(entries, map[string]any{
			"images": written, "metadata": map[string]any{piece(random): piece(random), piece(random): piece(random) + "*"}, "signers": map[string]any{"CN": piece(random)},
		})
	}
	asked := evaluate(t, `[keys | some entry in input.entries
		metadata := entry.metadata
		signers := entry.signers
		parameters := {"requireMetadata": [{"images": ["*"], "metadata": metadata}], "signers": [{"images": ["*"], "attributes": signers}]}
		keys := {image: key | some image in entry.images; key := data.lib.conditions.key(image) with input.parameters as parameters}]`, map[string]any{"entries": entries}).([]any)
	for i, keys := range asked {
		var want []string
		entry := entries[i].(map[string]any)
		for name, value := range entry["metadata"].(map[string]any) {
			want = append(want, fmt.Sprint("metadata ", name, "=", value))
		}
		want = append(want, fmt.Sprint("signer CN=", entry["signers"].(map[string]any)["CN"]))
		slices.Sort(want)
		if n := len(keys.(map[string]any)); n != 5 {
			t.Errorf("%v: %d of the images are asked about; 5 are images", entry, n)
		}
		for image, key := range keys.(map[string]any) {
			same(t, image, key.(string), want)
		}
	}
}

func same(t *testing.T, image, key string, want []string) {
	t.Helper()
	read, err := provider.ParseQuestion(key)
	if err != nil {
		t.Fatalf("%q: %v", key, err)
	}
	conditions, err := provider.ParseConditions(read.Conditions)
	if err != nil {
		t.Fatalf("%q: %v", key, err)
	}
	var got []string
	for _, c := range conditions {
		got = append(got, c.Of+" "+c.String())
	}
	slices.Sort(got)
	alone, err := provider.ParseImage(image)
	read.Conditions = ""
	if !reflect.DeepEqual(got, want) || err != nil || read != alone {
		t.Errorf("%q asks %q of %v; want %q of %v (%v)", key, got, read, want, alone, err)
	}
}

// piece is text with the signs that separate.
func piece(random *rand.Rand) string {
	const signs = "a.?&=%#;+ *,/:@\"'\\\x00\n\r\u00e9\u2028\u202e\U0001F600"
	text := ""
	for range 1 + random.IntN(6) {
		text += string([]rune(signs)[random.IntN(len([]rune(signs)))])
	}
	return text
}
