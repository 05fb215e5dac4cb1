package policies_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

const otherDigest = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

// signedImages tells which images of a pod are denied when a provider answers this.
func signedImages(t testing.TB) func(images []string, parameters, response any) []string {
	t.Helper()
	all := modules(t)
	mock, err := ast.ParseModuleWithOpts("mock.rego", "package mock\n\nanswer(_) := input.response", ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		t.Fatal(err)
	}
	all["mock.rego"] = mock
	c := compiler()
	if c.Compile(all); c.Failed() {
		t.Fatal(c.Errors)
	}
	query, err := rego.New(
		rego.Compiler(c),
		rego.Query("denied := sort([violation.details.image | some violation in data.signedimages.violation]) with external_data as data.mock.answer"),
	).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return func(images []string, parameters, response any) []string {
		input := map[string]any{"review": podOf(images), "parameters": parameters, "response": response}
		results, err := query.Eval(context.Background(), rego.EvalInput(input))
		if err != nil || len(results) != 1 {
			t.Fatal(results, err)
		}
		var denied []string
		for _, image := range results[0].Bindings["denied"].([]any) {
			denied = append(denied, image.(string))
		}
		return denied
	}
}

func podOf(images []string) map[string]any {
	var containers []any
	for i, image := range images {
		containers = append(containers, map[string]any{"name": fmt.Sprint("c", i), "image": image})
	}
	return map[string]any{"kind": map[string]any{"kind": "Pod"}, "operation": "CREATE", "object": map[string]any{"spec": map[string]any{"containers": containers}}}
}

// The policy's promise, told a second time in Go and held against answers of every odd make: what is not proven is denied.
func TestNothingButAPositiveAnswerAdmits(t *testing.T) {
	t.Parallel()
	decide := signedImages(t)
	random := rand.New(rand.NewPCG(3, 4))
	keys := []string{"skao.int/tango:1", "skao.int/archiver@" + sha256}
	admitted := 0
	for range 3000 {
		response := oddResponse(random, keys)
		var want []string
		for _, key := range keys {
			if !proven(response, key) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		got := decide(keys, map[string]any{"provider": "p"}, response)
		if !slices.Equal(got, want) {
			text, _ := json.Marshal(response)
			t.Fatalf("denied: %q; want %q after\n%s", got, want, text)
		}
		admitted += len(keys) - len(want)
	}
	t.Logf("%d admitted", admitted)
	if admitted < 300 {
		t.Error("hardly anything is admitted, which proves little")
	}
}

func goodValue(key string) map[string]any {
	repository := map[string]string{"skao.int/tango:1": "skao.int/tango", "skao.int/archiver@" + sha256: "skao.int/archiver"}[key]
	return map[string]any{"verified": true, "image": repository + "@" + sha256, "digest": sha256, "signer": "CN=x"}
}

func oddResponse(random *rand.Rand, keys []string) map[string]any {
	maybe := func(odds int) bool { return random.IntN(odds) == 0 }
	pick := func(from ...any) any { return from[random.IntN(len(from))] }
	responses, errors := []any{}, []any{}
	for _, key := range keys {
		for range 1 + random.IntN(4)/3 {
			value := goodValue(key)
			if maybe(3) {
				value["verified"] = pick(false, nil, "true", 1, []any{true}, map[string]any{})
			}
			if maybe(4) {
				value["image"] = pick(nil, "", "skao.int/tango", "skao.int/archiver@"+sha256, "skao.int/archiver@"+otherDigest, "skao.int/tango@"+otherDigest, 1)
			}
			if maybe(4) {
				value["digest"] = pick(nil, "", otherDigest, sha256, "sha256:", 1)
			}
			if maybe(6) {
				delete(value, pick("verified", "image", "digest").(string))
			}
			if !maybe(8) {
				responses = append(responses, []any{pick(key, key, key, key+" ", "x"), any(value)})
			}
			if maybe(12) {
				responses = append(responses, pick(nil, []any{}, []any{key}, []any{key, nil}, key, []any{key, "verified"}))
			}
		}
		if maybe(8) {
			errors = append(errors, pick([]any{key, "unsigned: no"}, []any{"x", "unsigned: no"}, nil, []any{key, nil}))
		}
	}
	response := map[string]any{"responses": responses, "errors": errors, "status_code": 200, "system_error": ""}
	if maybe(4) {
		response["status_code"] = pick(0, 0, 200, 500, 503, -1, nil, "200", 200.5, true)
	}
	if maybe(4) {
		response["system_error"] = pick("undecided: "+keys[0]+": registry: down", "failed", nil, 1)
	}
	if maybe(12) {
		response[pick("responses", "errors", "status_code", "system_error").(string)] = pick(nil, "x", 1, map[string]any{})
	}
	if maybe(20) {
		delete(response, pick("responses", "errors", "status_code", "system_error").(string))
	}
	return response
}

// proven says what the policy promises, over the JSON.
func proven(response map[string]any, key string) bool {
	if status := fmt.Sprintf("%T %v", response["status_code"], response["status_code"]); status != "int 200" && status != "int 0" {
		return false
	}
	said := map[string]any{}
	for _, tc := range []struct {
		kind string
		list any
	}{{"value", response["responses"]}, {"error", response["errors"]}} {
		items, _ := tc.list.([]any)
		for _, item := range items {
			if pair, ok := item.([]any); ok && len(pair) == 2 && pair[0] == key {
				text, _ := json.Marshal(pair[1])
				said[tc.kind+string(text)] = pair[1]
			}
		}
	}
	good, _ := json.Marshal(goodValue(key))
	for kind, value := range said {
		fields, ok := value.(map[string]any)
		if len(said) != 1 || !ok || kind[:5] != "value" {
			return false
		}
		plain, _ := json.Marshal(fields)
		if string(plain) == string(good) {
			return true
		}
		// A tag may be verified at any digest.
		digest, _ := fields["digest"].(string)
		return fields["verified"] == true && key == "skao.int/tango:1" && digest == otherDigest && fields["image"] == "skao.int/tango@"+otherDigest
	}
	return false
}

// A pod of three, its verdicts warm, and with as many exceptions as anybody has.
func BenchmarkADecision(b *testing.B) {
	images := []string{"skao.int/tango:1", "skao.int/archiver@" + sha256, "skao.int/tango:1"}
	response := map[string]any{"status_code": 0, "system_error": "", "errors": []any{}, "responses": []any{
		[]any{images[0], goodValue(images[0])}, []any{images[1], goodValue(images[1])},
	}}
	for _, n := range []int{0, 200} {
		b.Run(fmt.Sprint(n, " exceptions"), func(b *testing.B) {
			decide := signedImages(b)
			var exceptions []any
			for i := range n {
				exceptions = append(exceptions, map[string]any{"image": fmt.Sprintf("docker.io/library/image-%d", i), "reason": "SEC-142", "expires": "never"})
			}
			parameters := map[string]any{"provider": "p", "exceptions": exceptions}
			for b.Loop() {
				if denied := decide(images, parameters, response); len(denied) > 0 {
					b.Fatal(denied)
				}
			}
		})
	}
}
