package verdicts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/verdicts"
	"gitlab.com/ska-telescope/notation-provider/provider"
)

const digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// answering is a file that gives every key one answer.
func answering(t *testing.T, answer string) *verdicts.Scene {
	t.Helper()
	f, err := verdicts.Parse("verdicts.yaml", []byte("providers: {p: {default: "+answer+"}}"))
	if err != nil {
		t.Fatal(err)
	}
	return f.Scene("", "")
}

func TestEachAnswerBecomesTheResponseThatTheReadmeTells(t *testing.T) {
	for _, tc := range []struct{ answer, want string }{
		{`verified`, `"items":[{"key":"a@` + digest + `","value":{"verified":true,"image":"docker.io/library/a@` + digest + `","digest":"` + digest + `",` +
			`"policy":"recorded","signer":"CN=recorded","signerIdentity":{"CN":["recorded"]},"metadata":{},"signedAt":"2026-01-01T00:00:00Z","warnings":[]}}],"systemError":""`},
		{`{verified: {image: r.io/b, digest: "sha256:2", policy: skao, signer: CN=S, signerIdentity: {CN: [S]}, metadata: {vetted: SEC-1}, signedAt: now, until: then, warnings: [late]}}`, `"items":[{"key":"a@` + digest + `","value":{"verified":true,"image":"r.io/b","digest":"sha256:2",` +
			`"policy":"skao","signer":"CN=S","signerIdentity":{"CN":["S"]},"metadata":{"vetted":"SEC-1"},"signedAt":"now","until":"then","warnings":["late"]}}],"systemError":""`},
		{`{refused: unsigned}`, `"items":[{"error":"unsigned: as recorded","key":"a@` + digest + `"}],"systemError":""`},
		{`{refused: {reason: revoked, detail: why}}`, `"items":[{"error":"revoked: why","key":"a@` + digest + `"}],"systemError":""`},
		{`{undecided: registry}`, `"items":null,"systemError":"undecided: a@` + digest + `: registry: as recorded"`},
		{`{undecided: {cause: deadline, detail: slow}}`, `"items":null,"systemError":"undecided: a@` + digest + `: deadline: slow"`},
		{`{error: no}`, `"items":[{"error":"no","key":"a@` + digest + `"}],"systemError":""`},
		{`{value: null}`, `"items":[{"key":"a@` + digest + `","value":null}],"systemError":""`},
		{`{value: [1, {a: true}]}`, `"items":[{"key":"a@` + digest + `","value":[1,{"a":true}]}],"systemError":""`},
		{`{item: {key: b, value: 1}}`, `"items":[{"key":"b","value":1}],"systemError":""`},
		{`{item: text}`, `"items":["text"],"systemError":""`},
		{`silent`, `"items":null,"systemError":""`},
		{`{systemError: tired}`, `"items":null,"systemError":"tired"`},
		{`{error: no, systemError: tired, status: 500}`, `"items":[{"error":"no","key":"a@` + digest + `"}],"systemError":"tired"`},
		{`{undecided: overload, systemError: and tired}`, `"systemError":"undecided: a@` + digest + `: overload: as recorded; and tired"`},
	} {
		r := answering(t, tc.answer).Respond("p", []string{"a@" + digest})
		whole := `{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderResponse","response":{"idempotent":true,`
		if body := string(r.Body); !strings.HasPrefix(body, whole) || !strings.Contains(body, tc.want) {
			t.Errorf("%s: %s\nwant %s", tc.answer, body, tc.want)
		}
	}
}

// Of an image with conditions the answer is what is written of it. Else it is what a provider would say of a signature with
// what is written of the image alone.
func TestConditionsAreJudgedByTheWrittenAnswer(t *testing.T) {
	const vetted = "{verified: {metadata: {vetted: SEC-1}}}"
	for _, c := range []struct{ answers, key, want string }{
		{"{r.io/a: " + vetted + "}", "r.io/a?metadata.vetted=SEC-%2A", `"metadata":{"vetted":"SEC-1"}`},
		{"{r.io/a: " + vetted + "}", "r.io/a?metadata.vetted=SEC-2", `"error":"untrusted: its signature lacks the metadata vetted=SEC-2; it has vetted=SEC-1"`},
		{"{r.io/a: " + vetted + "}", "r.io/a?signer.CN=recorded", `"verified":true`},
		{"{r.io/a: {verified: {signer: CN=S}}}", "r.io/a?signer.CN=S", `"error":"untrusted: its signer`},
		{"{r.io/a: {refused: unsigned}}", "r.io/a?signer.CN=S", `"error":"unsigned: `},
		{"{r.io/a: verified, 'r.io/a?signer.CN=S': {refused: revoked}}", "r.io/a?signer.CN=S", `"error":"revoked: `},
		{"{r.io/a: verified}", "r.io/a?nonsense", `"systemError":"nothing is recorded of r.io/a?nonsense"`},
		{"{}, default: verified", "r.io/a?metadata.vetted=x", `"error":"untrusted: its signature lacks`},
		{"{}, default: verified", "r.io/a?metadata.vetted", `"systemError":"nothing is recorded`},
	} {
		f, err := verdicts.Parse("verdicts.yaml", []byte("providers: {p: {answers: "+c.answers+"}}"))
		if err != nil {
			t.Fatal(err)
		}
		if r := f.Scene("", "").Respond("p", []string{c.key}); !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%s, %s: %s", c.answers, c.key, r.Body)
		}
	}
}

// An image without a digest gets one, and always the same.
func TestMadeUpDigestIsStable(t *testing.T) {
	scene := answering(t, "verified")
	one, again := scene.Respond("p", []string{"r.io/a:1"}), scene.Respond("p", []string{"r.io/a:1"})
	other := scene.Respond("p", []string{"r.io/a:2"})
	if string(one.Body) != string(again.Body) || !strings.Contains(string(one.Body), `"image":"r.io/a@sha256:`) || string(one.Body) == string(other.Body) {
		t.Errorf("%s, %s, %s", one.Body, again.Body, other.Body)
	}
}

func TestAnswersThatSpoilTheWholeResponseHaveAnOrder(t *testing.T) {
	f, err := verdicts.Parse("verdicts.yaml", []byte(`
providers:
  p:
    answers: {a: unreachable, b: {body: one}, c: {body: two, status: 503}, d: {status: 500}, e: silent}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ want, keys string }{{"true 200 one", "ab"}, {"false 503 one", "bc"}, {"false 503 two", "dcb"}, {"false 500", "ed"}, {"false 200", "ee"}} {
		r := f.Scene("", "").Respond("p", strings.Split(tc.keys, ""))
		if got := fmt.Sprintf("%v %d %s", r.Cut, r.Status, r.Body); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: %s, want %s", tc.keys, got, tc.want)
		}
	}
}

func TestAKeyThatIsAskedTwiceIsAnsweredOnce(t *testing.T) {
	if r := answering(t, "{error: no}").Respond("p", []string{"a", "a"}); strings.Count(string(r.Body), `"key"`) != 1 {
		t.Errorf("%s", r.Body)
	}
}

func TestAParticularSceneLiesOverAGeneralOne(t *testing.T) {
	f, err := verdicts.Parse("verdicts.yaml", []byte(`
providers: {p: {answers: {a: {error: base}, b: {error: base}, c: {error: base}, d: {error: base}}, default: {error: default}}}
scenes:
  test//: {p: {answers: {b: {error: test}, c: {error: test}, d: {error: test}}}, q: {default: silent}}
  case: {p: {answers: {c: {error: case}, d: {error: case}}}}
  test//case: {p: {answers: {d: {error: both}}}}
  all: {p: {default: {error: all}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ test, name, want string }{
		{"test", "case", "base test case both default"},
		{"test", "other", "base test test test default"},
		{"other", "case", "base base case case default"},
		{"other", "other", "base base base base default"},
		{"other", "all", "all all all all all"}, // a scene's default counts before what the rest says of a key
	} {
		scene := f.Scene(c.test, c.name)
		var got []string
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			answer, ok := scene.Answer("p", key)
			if !ok {
				t.Errorf("%v: no answer for %s", c, key)
			}
			got = append(got, answer.Error)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
	if got := f.Scene("test", "x").Providers(); !slices.Equal(got, []string{"p", "q"}) {
		t.Errorf("providers %v", got)
	}
	if got := f.Unplayed(verdicts.Scenes("test", "case")); !slices.Equal(got, []string{"all"}) {
		t.Errorf("unplayed %v", got)
	}
}

func TestEveryReasonAndCauseCanBeWritten(t *testing.T) {
	for _, reason := range provider.Reasons()[1:] {
		answering(t, "{refused: "+string(reason)+"}")
	}
	for _, cause := range provider.Causes() {
		answering(t, "{undecided: "+string(cause)+"}")
	}
}

func TestAMistakeIsToldWithItsLine(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", "verdicts.yaml: "},
		{"providers: {}", "verdicts.yaml: neither providers nor scenes"},
		{"scenes: {x: }", `verdicts.yaml: scene "x": no provider`},
		{"scenes: {x: {p: }}", `verdicts.yaml: scene "x": provider "p": neither answers nor default`},
		{"provider: {}", "verdicts.yaml:1: unknown key \"provider\"; did you mean \"providers\"?"},
		{"providers: {p: }", "neither answers nor default"},
		{"providers:\n  p: {}", "verdicts.yaml:2: neither answers nor default"},
		{"providers:\n  p: {answer: {}}", "verdicts.yaml:2: unknown key \"answer\"; did you mean \"answers\"?"},
		{"providers:\n  p:\n    default: no", `verdicts.yaml:3: "no" is not an answer; the words are verified, silent and unreachable`},
		{"providers:\n  p:\n    answers:\n      a:", `verdicts.yaml:4: "a" has no answer; write silent`},
		{"providers:\n  p:\n    answers:\n      a: {}", "verdicts.yaml:4: the answer says nothing; write silent"},
		{"providers:\n  p:\n    answers:\n      a: {value: 1, error: no}", "verdicts.yaml:4: an answer is one of"},
		{"providers:\n  p:\n    answers:\n      a: {refused: verified}", `verdicts.yaml:4: "verified" is no reason to refuse; there are malformed, `},
		{"providers:\n  p:\n    answers:\n      a: {refused: {reason: unsigned, why: x}}", "verdicts.yaml:4: unknown key \"why\""},
		{"providers:\n  p:\n    answers:\n      a: {undecided: never}", `verdicts.yaml:4: "never" is no cause; there are registry, `},
		{"providers:\n  p:\n    answers:\n      a: {undecided: {cause: registry, reason: x}}", "verdicts.yaml:4: unknown key \"reason\""},
		{"providers:\n  p:\n    answers:\n      a: {verified: {signed: x}}", "verdicts.yaml:4: unknown key \"signed\"; did you mean \"signer\"?"},
		{"providers:\n  p:\n    answers:\n      a: {status: 99}", "verdicts.yaml:4: 99 is no status"},
		{"providers:\n  p:\n    answers:\n      a: {value: {1: 2}}", "verdicts.yaml:4: no JSON can say this"},
		{"providers:\n  p:\n    answers:\n      a: {item: .inf}", "verdicts.yaml:4: no JSON can say this"},
		{"providers:\n  p:\n    answers:\n      NO IMAGE: verified", `verdicts.yaml:4: "NO IMAGE" is never verified, for it is no image: `},
		{"providers:\n  p:\n    answers:\n      a: verified\n      a: silent", "verdicts.yaml:5: mapping key"},
		{"scenes:\n  one:\n    p: {default: {refused: x}}", `verdicts.yaml:3: "x" is no reason`},
		{"scenes: [", "verdicts.yaml:"},
		{strings.Repeat("#", 4<<20+1), "verdicts.yaml: larger than"},
	} {
		_, err := verdicts.Parse("verdicts.yaml", []byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.80q: %v; want %q", tc.text, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "verdicts.form") {
			t.Errorf("%.80q: %v names a type of ours", tc.text, err)
		}
	}
}
