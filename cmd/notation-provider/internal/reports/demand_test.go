package reports_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/regotest"
	"gitlab.com/ska-telescope/notation-provider/cmd/notation-provider/internal/reports"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

const (
	plain  = "skao.int/a:1"
	vetted = plain + "?metadata.vetted=SEC-%2A"
)

// wanting is a constraint that wants metadata vetted=SEC-* of some images.
func wanting(name, action string, namespaces []any, images any, exceptions ...any) object {
	made := constraint(name, action, namespaces, exceptions...)
	made["spec"].(object)["parameters"].(object)["requireMetadata"] = []any{object{"images": images, "metadata": object{"vetted": "SEC-*"}}}
	return made
}

// The verdict is the one that constraints act on: with what they want beside the trust policy. An image is admitted if every
// constraint that decides on it admits it.
func TestConstraintsDecideWithTheirConditions(t *testing.T) {
	pods := []object{pod("tango", "a", plain, ""), pod("web", "b", plain, "")}
	tango, web, all := []any{"tango"}, []any{"web"}, []any{"*"}
	good, later := verified(one, provider.LapseSigner, day), verified(one, provider.LapseSigner, 2*day)
	tests := []struct {
		name        string
		constraints []object
		asked       string
		answers     map[string]reports.Verdict
		outcome     string
		code        int
		by          string
	}{
		{"no constraint", nil, plain, map[string]reports.Verdict{plain: good}, reports.Verified, 0, ""},
		{"nothing wanted", []object{constraint("plain", "deny", nil)}, plain, map[string]reports.Verdict{plain: good}, reports.Verified, 0, ""},
		{"met", []object{wanting("w", "deny", nil, all)}, vetted, map[string]reports.Verdict{vetted: good}, reports.Verified, 0, "w"},
		{"not met", []object{wanting("w", "deny", nil, all)}, vetted, map[string]reports.Verdict{vetted: refused(), plain: good}, reports.Refused, 3, "w"},
		{"not answered", []object{wanting("w", "deny", nil, all)}, vetted, map[string]reports.Verdict{plain: good}, reports.Undecided, 4, "w"},
		{"of other images", []object{wanting("w", "deny", nil, []any{"skao.int/b"})}, plain, map[string]reports.Verdict{plain: good}, reports.Verified, 0, ""},
		{"a constraint beside", []object{constraint("plain", "deny", nil), wanting("w", "deny", tango, all)}, vetted + " " + plain, map[string]reports.Verdict{vetted: refused(), plain: good}, reports.Refused, 3, "w"},
		{"the first lapse", []object{constraint("plain", "deny", nil), wanting("w", "deny", tango, all)}, vetted + " " + plain, map[string]reports.Verdict{vetted: good, plain: later}, reports.Verified, 0, "w"},
		{"excepted there", []object{constraint("plain", "deny", nil), wanting("w", "deny", tango, all, exceptionFor(plain, "never"))}, vetted + " " + plain, map[string]reports.Verdict{vetted: refused(), plain: good}, reports.Refused, 0, "w"},
		{"excepted elsewhere", []object{constraint("plain", "deny", nil, exceptionFor(plain, "never")), wanting("w", "deny", tango, all)}, vetted + " " + plain, map[string]reports.Verdict{vetted: refused(), plain: good}, reports.Refused, 3, "w"},
		{"undecided elsewhere", []object{wanting("w", "deny", tango, all, exceptionFor(plain, "never")), constraint("plain", "deny", web)}, vetted + " " + plain, map[string]reports.Verdict{vetted: refused()}, reports.Undecided, 4, ""},
		{"it only warns", []object{wanting("w", "warn", nil, all)}, plain, map[string]reports.Verdict{plain: good, vetted: refused()}, reports.Verified, 0, ""},
		{"admits nothing", []object{wanting("w", "deny", nil, []any{}, exceptionFor(plain, "never"))}, plain, map[string]reports.Verdict{plain: good}, reports.Refused, 3, "w"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			c := collect(t, append(tc.constraints, pods...)...)
			keys := c.Keys()
			slices.Sort(keys)
			slices.Reverse(keys)
			r := c.Build(tc.answers, now(), 30*day)
			i := r.Images[0]
			if got := strings.Join(keys, " "); got != tc.asked {
				t.Errorf("asks %s", got)
			}
			if i.Outcome != tc.outcome || r.Worst(0, 4, 3) != tc.code || i.Constraint != tc.by || tc.code == 0 != (i.Outcome == reports.Verified || i.Excepted) {
				t.Errorf("exit code %d, constraint %q, excepted %t, %+v", r.Worst(0, 4, 3), i.Constraint, i.Excepted, i.Verdict)
			}
			if want := tc.by != "" && !strings.Contains(i.Detail, "w: "); (i.Question == vetted) != want {
				t.Errorf("question %q", i.Question)
			}
			if noted := strings.Contains(strings.Join(r.Notes, "\n"), "want metadata or signers: w."); noted != (tc.name == "it only warns") {
				t.Errorf("notes %q", r.Notes)
			}
			if i.Outcome == reports.Verified && !i.Lapse.At.Equal(now().Add(day)) {
				t.Errorf("lapses %v", i.Lapse.At)
			}
		})
	}
}

// What runs is asked about by its digest, and the tag beside it, each with the conditions.
func TestTheTagIsAskedWithTheConditions(t *testing.T) {
	c := collect(t, wanting("w", "deny", nil, []any{plain}), pod("tango", "a", plain, one))
	digest := "skao.int/a@" + one + "?metadata.vetted=SEC-%2A"
	if got, want := c.Keys(), []string{digest, vetted}; !slices.Equal(got, want) {
		t.Fatalf("asks %q", got)
	}
	moved := refused()
	moved.Digest = two
	r := c.Build(map[string]reports.Verdict{digest: verified(one, provider.LapseSigner, 10*day), vetted: moved}, now(), 30*day)
	if i := r.Images[0]; i.Outcome != reports.Verified || !i.Moved() || i.Tag.Outcome != reports.Refused || !r.EndsSoon() {
		t.Errorf("%+v, tag %+v", i.Verdict, i.Tag)
	}
}

// A name with conditions behind it is no reference, and policies deny it. It is not asked about: the provider would answer
// about the image before the "?", which may be verified.
func TestANameIsNoQuestion(t *testing.T) {
	c := collect(t, pod("tango", "a", vetted, ""))
	if keys := c.Keys(); len(keys) > 0 || c.Empty() {
		t.Errorf("asks %q", keys)
	}
	r := c.Build(map[string]reports.Verdict{vetted: verified(one, provider.LapseSigner, day)}, now(), day)
	if i := r.Images[0]; i.Outcome != reports.Refused || i.Reason != provider.Malformed || i.Detail == "" || i.You == "" || r.Worst(0, 4, 3) != 3 {
		t.Errorf("%+v", i.Verdict)
	}
}

// drawn is a constraint that the API server may let in: with images, conditions and exceptions, or without.
func drawn(random *rand.Rand, name string) object {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	some := func() []any { return []any{pick("*", "skao.int/*", "skao.int/a", "skao.int/a:1", "skao.int/b")} }
	made := constraint(name, pick("deny", "deny", "deny", "warn").(string), nil)
	parameters := made["spec"].(object)["parameters"].(object)
	if random.IntN(3) == 0 {
		parameters["images"] = some()
	}
	if random.IntN(2) == 0 {
		parameters["requireMetadata"] = []any{object{"images": some(), "metadata": object{"vetted": pick("SEC-1", "SEC-*", "*")}}}
	}
	if random.IntN(3) == 0 {
		parameters["signers"] = []any{object{"images": some(), "attributes": object{pick("CN", "CN", "CN", "X").(string): pick("SKAO*", "Other")}}}
	}
	if random.IntN(3) == 0 {
		parameters["exceptions"] = []any{object{"image": some()[0], "reason": "SEC-1", "expires": pick("never", "2027-02-28")}}
	}
	return made
}

// decided is what the policies say of the images under one constraint: which are governed, and which of them admitted.
func decided(t *testing.T, constraint, signatures object, images []string) (governed, admitted []any) {
	t.Helper()
	const expression = `[
		{image | some image in input.images; data.lib.parameters.governs(data.lib.image.parts(image))} | {image | some image in input.images; not data.lib.conditions.sound},
		{image | some image in input.images; SOUND; data.lib.exceptions.current(data.lib.image.parts(image))} |
		{image | some image in input.images; SOUND; data.lib.conditions.met(image, input.signatures[image])}]`
	sound := strings.ReplaceAll(expression, "SOUND", "data.lib.parameters.sound; data.lib.conditions.sound")
	asked := object{"parameters": constraint["spec"].(object)["parameters"], "review": object{"namespace": "tango"}, "images": images, "signatures": signatures}
	found := regotest.Eval(t, sound, asked, now()).([]any)
	return found[0].([]any), found[1].([]any)
}

// judge is the verdict of a provider that knows the signatures.
func judge(t *testing.T, signatures object, key string) reports.Verdict {
	t.Helper()
	image, err := provider.ParseQuestion(key)
	if err != nil {
		t.Fatal(key, err)
	}
	written, query, asked := strings.Cut(key, "?")
	signature, signed := signatures[written].(object)
	if !signed {
		return refused()
	}
	if !asked {
		return verified(one, provider.LapseSigner, day)
	}
	conditions, err := provider.ParseConditions(query)
	if err != nil || image.Conditions == "" {
		t.Fatal(key, err)
	}
	metadata := map[string]string{"vetted": signature["metadata"].(object)["vetted"].(string)}
	if len(provider.Unmet(conditions, metadata, map[string][]string{"CN": {"SKAO OCI Signer"}})) > 0 {
		return refused()
	}
	return verified(one, provider.LapseSigner, day)
}

// An image is admitted by a report if every constraint that denies and is about it would admit it: the report and the
// policies' Rego agree, for a provider that knows the signatures.
func TestReportsAdmitWhatPoliciesAdmit(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	images := []string{"skao.int/a:1", "skao.int/a:2", "skao.int/a@" + one, "skao.int/b", "docker.io/library/c:1"}
	counts := map[bool]int{}
	for range 300 {
		signatures, objects := object{}, []object{}
		for _, image := range images {
			objects = append(objects, pod("tango", image, image, ""))
			if random.IntN(5) > 0 {
				signatures[image] = object{"metadata": object{"vetted": fmt.Sprint("SEC-", random.IntN(3))}, "signerIdentity": object{"CN": []any{"SKAO OCI Signer"}}}
			}
		}
		want := map[string]bool{} // by image, of those that a constraint is about
		for n := range 1 + random.IntN(3) {
			c := drawn(random, fmt.Sprint("c", n))
			objects = append(objects, c)
			if c["spec"].(object)["enforcementAction"] == "warn" {
				continue
			}
			governed, admitted := decided(t, c, signatures, images)
			for _, image := range governed {
				before, about := want[image.(string)]
				want[image.(string)] = (before || !about) && slices.Contains(admitted, image)
			}
		}
		c := collect(t, objects...)
		answers := map[string]reports.Verdict{}
		for _, key := range c.Keys() {
			answers[key] = judge(t, signatures, key)
		}
		for _, i := range c.Build(answers, now(), day).Images {
			want, about := want[i.Image]
			got := i.Outcome == reports.Verified || i.Excepted
			if about && got != want {
				t.Errorf("%s: admitted %t, policies %t; %v; %v", i.Image, got, want, objects[len(images):], signatures[i.Image])
			}
			counts[got]++
		}
	}
	if counts[true] < 300 || counts[false] < 300 {
		t.Errorf("%v images are admitted, or not, which proves little", counts)
	}
}
