package exception_test

import (
	"math/rand/v2"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/exception"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/regotest"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

// entry is one of requireMetadata or signers. A few cannot be read, as the API server would not let them in.
func entry(random *rand.Rand, values string, names ...string) any {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	wanted := map[string]any{}
	for range 1 + random.IntN(2) {
		wanted[names[random.IntN(len(names))]] = pick("SEC-1", "SEC-*", "*", "a b&c=%+", "é")
	}
	made := map[string]any{"images": []any{pick("*", "harbor.skao.int/*", "harbor.skao.int/a", "harbor.skao.int/a:1", "a", "docker.io/a/*", "harbor.skao.int/a@"+digest)}, values: wanted}
	switch random.IntN(25) {
	case 0:
		made["images"] = pick(nil, "*", []any{}, []any{1}, []any{"*", "x.y"}, map[string]any{"a": "*"})
	case 1:
		made[values] = pick(nil, "vetted", []any{"vetted"}, map[string]any{})
	case 2:
		wanted[names[0]] = pick("", nil, 1, []any{"SEC-1"})
	case 3:
		wanted[pick("", "cn", "X").(string)] = "SEC-1"
	case 4:
		delete(made, pick("images", values).(string))
	case 5:
		return pick(nil, "x", 1, []any{made})
	}
	return made
}

// wanting are parameters with up to two entries of each kind.
func wanting(random *rand.Rand) map[string]any {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	parameters := map[string]any{"provider": "notation-provider"}
	for _, kind := range []struct {
		list, values string
		names        []string
	}{{"requireMetadata", "metadata", []string{"vetted", "a.b", "k&=%"}}, {"signers", "attributes", []string{"CN", "O", "SERIALNUMBER"}}} {
		var entries []any
		for range random.IntN(3) {
			entries = append(entries, entry(random, kind.values, kind.names...))
		}
		if entries != nil {
			parameters[kind.list] = entries
		}
		if random.IntN(40) == 0 {
			parameters[kind.list] = pick(nil, "x", map[string]any{}, 1, []any{})
		}
	}
	return parameters
}

// A report asks about an image what the policy asks: by the same key, and nothing where the parameters do not say what is
// wanted.
func TestConditionsAreAskedAsPoliciesDo(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	conditional, unsound := 0, 0
	for range 200 {
		parameters := wanting(random)
		asked := map[string]any{"parameters": parameters, "images": images()}
		sound := len(regotest.Eval(t, `{true | data.lib.conditions.sound}`, asked, today()).([]any)) == 1
		c, _ := exception.Read(constraintOf(parameters))
		if (c.Problem == "") != sound {
			t.Errorf("%v: %q; policies find it sound: %t", parameters, c.Problem, sound)
		}
		if !sound {
			unsound++
			continue
		}
		keys := regotest.Eval(t, `{image: data.lib.conditions.key(image) | some image in input.images}`, asked, today()).(map[string]any)
		for _, reference := range images() {
			image, _ := provider.ParseImage(reference)
			got := provider.Question(reference, c.Conditions(image))
			if got != keys[reference] {
				t.Errorf("%v\nasks %s\npolicies %v", parameters, got, keys[reference])
			}
			if got != reference {
				conditional++
			}
		}
	}
	if conditional < 500 || unsound < 20 {
		t.Errorf("%d questions have conditions, and %d constraints are unsound, which proves little", conditional, unsound)
	}
}

// Gatekeeper matches an object without a namespace for all namespaces that a constraint names or excludes. What the
// constraint wants is wanted of such an object in a file, too.
func TestAnObjectInNoNamespaceIsMatched(t *testing.T) {
	tests := []struct {
		name, namespace string
		match           map[string]any
		in              bool
	}{
		{"named", "tango", map[string]any{"namespaces": []any{"tan*"}}, true},
		{"not named", "web", map[string]any{"namespaces": []any{"tan*"}}, false},
		{"excluded", "tango", map[string]any{"excludedNamespaces": []any{"*"}}, false},
		{"none, others named", "", map[string]any{"namespaces": []any{"tango"}}, true},
		{"none, all excluded", "", map[string]any{"excludedNamespaces": []any{"*"}}, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c, ok := exception.Read(map[string]any{
				"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SignedImages",
				"spec": map[string]any{"match": tc.match, "parameters": map[string]any{"provider": "p"}},
			})
			if got := c.In(tc.namespace); !ok || got != tc.in {
				t.Errorf("in %t", got)
			}
		})
	}
}
